"""At least one rich, valid object of every STIX 2.1 type; the mutations start from these."""

from tests.stix.corpus.around import META_OBJECTS, RELATIONSHIP_OBJECTS
from tests.stix.corpus.domain import DOMAIN_OBJECTS
from tests.stix.corpus.extended import CUSTOM_OBJECTS, OUR_OBSERVABLES
from tests.stix.corpus.observables import OBSERVABLES

STANDARD = [*DOMAIN_OBJECTS, *RELATIONSHIP_OBJECTS, *META_OBJECTS, *OBSERVABLES]
EVERYTHING = [*STANDARD, *OUR_OBSERVABLES, *CUSTOM_OBJECTS]
