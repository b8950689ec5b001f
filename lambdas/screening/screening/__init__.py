"""The function behind `POST /patients/{id}/screen`: HOSP's answer for the user, its result for the patient's notes."""
