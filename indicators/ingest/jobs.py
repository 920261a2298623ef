"""What became of a POST, for the detector that sent it."""

from uuid import UUID

from django.db.models import Count

from indicators import pipeline
from indicators.ingest.answers import JobReport
from indicators.ingest.errors import Refused
from indicators.models import Detection, Detector, Job


def report(detector: Detector, job_id: UUID) -> JobReport:
    """A job's counts and results, and how far its detections have come; raises Refused 404."""
    job = Job.objects.filter(pk=job_id, credential__detector=detector).first()
    if job is None:
        raise Refused(404, "There is no such job of this detector.")
    # By the index of the detections' job.
    stages = Detection.objects.filter(job=job).values_list("stage").annotate(Count("id"))
    return JobReport(
        job=job.pk,
        received_at=job.received_at,
        accepted=job.accepted_count,
        duplicate=job.duplicate_count,
        rejected=job.rejected_count,
        stages=dict(stages.order_by("stage")),
        results=tuple(pipeline.results_of(job)),
    )
