"""Conditions and orders over named columns, as people write them; nothing is ever evaluated.

::

    condition  = or of and of [not] comparison | (condition)
    comparison = sum (< | <= | > | >= | == | !=) sum ... | sum [not] in (value, ...)
    sum        = products joined by + and -; products by * and /; brackets; a sign
    value      = number with its unit (60 day, $100M, 40%, 2 USD/GPU/hour) | name | text

A name may be written with dashes. A dash without spaces belongs to the name that it is in, so a
subtraction has spaces; the ``/`` and ``*`` of a unit have none, so a division by a name has some
(``5 USD/GPU`` is a price, ``cost / num_gpus`` a division). Text stands in quotes, or bare where it
is one word (``gpu == h100-sxm``). Every number carries its unit, except beside plain numbers and
counts (``num_gpus > 1024``, ``tokens >= 15T``), and except 0. Units are checked once, when the text
is read, and literals are converted then, so that columns are compared as they are.

Logic has three values: a comparison with a missing value (NaN or `None`) is neither true nor
false, ``not`` leaves it so, and a row is kept only where the whole is true. So ``not cost < $1M``
keeps no row without a cost; ``mfu > 40% or cost < $1M`` keeps one whose MFU is enough.
"""

from llmcost.expressions.conditions import Expression as Expression
from llmcost.expressions.conditions import read_condition as read_condition
from llmcost.expressions.orderings import read_ordering as read_ordering
