"""What a line says to a format, as numbers."""


def said(log_format, line):
    """Return the fields of a line that a line format reads, `None` where it says nothing to it."""
    parsed = log_format.parse(line)
    if parsed is None:
        return None
    return {number.field: value_of(line, number) for number in parsed.numbers}


def value_of(line, number):
    """Return the value of one number of a line."""
    return float(line[number.start : number.end].replace(b",", b"")) * number.scale
