"""Ranges to draws, and draws to ranges.

A spread is what is not known about one number: the 10th, 50th and 90th percentile of a fact, or a
90% interval that a user stated with a kind of distribution. Draws are stratified (Latin hypercube
at the midpoints of equal strata; McKay, Beckman and Conover 1979), so that a few thousand
reproduce the percentiles to the last printed digit.
"""

from llmcost.sampling.drawing import DRAWS as DRAWS
from llmcost.sampling.drawing import SEED as SEED
from llmcost.sampling.drawing import draw as draw
from llmcost.sampling.drawing import shares as shares
from llmcost.sampling.drawing import uniform as uniform
from llmcost.sampling.spreads import STATED_LEVEL as STATED_LEVEL
from llmcost.sampling.spreads import Spread as Spread
from llmcost.sampling.spreads import Stated as Stated
from llmcost.sampling.spreads import spread_of as spread_of
from llmcost.sampling.summaries import INTERVAL as INTERVAL
from llmcost.sampling.summaries import histogram as histogram
from llmcost.sampling.summaries import interval as interval
from llmcost.sampling.summaries import rank_correlation as rank_correlation
from llmcost.sampling.summaries import ranks as ranks
from llmcost.sampling.summaries import summary as summary
