"""Ana who submits, and Rae who reviews."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.contrib.auth.models import User

from indicators import pipeline
from indicators.detections.drafts.making import readable
from indicators.detections.finding import Finding
from indicators.detections.stated import Stated
from indicators.detections.submissions.pieces import Prepared
from indicators.models import Cluster, Collection, Draft, Person, Submission
from tests.contributing.working import work


def person(name: str, *roles: str) -> User:
    user = User.objects.create_user(name)
    Person.objects.update_or_create(user=user, defaults={"roles": list(roles)})
    return user


@dataclass
class Author:
    """A person with one submission."""

    user: User
    id: UUID
    collection: Collection | None = None

    @classmethod
    def begun(cls, user: User, collection: Collection | None = None) -> "Author":
        return cls(user, pipeline.begin_submission(user), collection)

    @property
    def submission(self) -> Submission:
        return Submission.objects.get(pk=self.id)

    def paste(self, text: str) -> None:
        pipeline.paste_evidence(self.id, self.user, text)

    def prepare(self, told: dict[str, Any] | None = None, **stated: Any) -> None:
        home = str(self.collection.pk) if self.collection else None
        words = msgspec.convert({"tlp": "green", "collection": home, **stated}, Stated)
        facts = msgspec.convert({"uid": "x", "cluster": {"key": "x"}, **(told or {})}, Finding)
        pipeline.prepare_submission(self.id, self.user, Prepared(words, facts))
        work()

    def send(self) -> Draft:
        pipeline.send_submission(self.id, self.user, self.draft.pk)
        return self.draft

    @property
    def cluster(self) -> Cluster:
        cluster = self.submission.cluster
        assert cluster is not None
        return cluster

    @property
    def draft(self) -> Draft:
        return Draft.objects.filter(cluster=self.submission.cluster).latest("created_at")

    def shown(self, of_type: str | None = None) -> list[dict[str, Any]]:
        contents = readable(bytes(self.draft.objects_zstd))
        return [each for each in contents if of_type in (None, each["type"])]
