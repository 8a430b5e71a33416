"""Where each input of a run comes from: the user, the catalogue, a published run, or a default."""

from llmcost.studies.choices.assumptions import Assumed as Assumed
from llmcost.studies.choices.assumptions import choose_assumptions as choose_assumptions
from llmcost.studies.choices.cluster import choose_cluster as choose_cluster
from llmcost.studies.choices.given import NAMES as NAMES
from llmcost.studies.choices.given import Given as Given
from llmcost.studies.choices.models import ChosenModel as ChosenModel
from llmcost.studies.choices.models import choose_model as choose_model
from llmcost.studies.choices.surroundings import Surroundings as Surroundings
from llmcost.studies.choices.surroundings import choose_surroundings as choose_surroundings
from llmcost.studies.choices.workload import choose_workload as choose_workload
