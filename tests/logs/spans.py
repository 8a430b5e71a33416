"""What a line says to a format, as numbers."""


def said(log_format, line):
    """Return the fields of a line that a line format reads, `None` where it says nothing to it.

    Numbers of one field add up.
    """
    parsed = log_format.parse(line)
    if parsed is None:
        return None
    values = {}
    for number in parsed.numbers:
        values[number.field] = values.get(number.field, 0.0) + value_of(line, number)
    return values


def value_of(line, number):
    """Return the value of one number of a line."""
    return float(line[number.start : number.end].replace(b",", b"")) * number.scale
