"""Numbers as Java writes them."""


def java_double(number: float) -> str:
    """As Java writes it, which is what Athena writes: 1.0, 1.7640864E9, 1.0E-4."""
    if number != number or number in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[repr(number)]
    sign, digits, exponent = _decimal(number)
    if number == 0 or -3 <= exponent < 7:
        return repr(number) if "e" not in repr(number) else f"{number:.1f}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _decimal(number: float) -> tuple[str, str, int]:
    """Sign, significant digits, and the exponent of the first."""
    mantissa, _, exponent = f"{number!r}".partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    zeros = len(digits) - len(digits.lstrip("0"))
    return sign, digits.strip("0") or "0", len(whole) - 1 - zeros + int(exponent or 0)
