-- How long a try may take, in seconds, when so much is left of its request's deadline.
local deadline = {}

-- Connecting and answering: together never more than what is left.
function deadline.timeouts(treatment, left)
    local connect = math.min(treatment.connect_timeout_seconds, left / 2)
    return connect, math.min(treatment.try_timeout_seconds, left - connect)
end

-- Whether another try fits even if this one takes all the time that it may, and the longest wait follows.
function deadline.fits_another(treatment, left, longest_wait)
    local connect, answer = deadline.timeouts(treatment, left)
    return left - connect - answer - longest_wait >= treatment.shortest_try_seconds
end

return deadline
