"""What became of a POST, for the detector that sent it."""

from uuid import UUID

from django.db.models import Count, QuerySet

from indicators import pipeline
from indicators.ingest.answers import JobReport
from indicators.ingest.errors import Refused
from indicators.models import Detection, Detector, Job


def report(detector: Detector, job_id: UUID) -> JobReport:
    """A job's counts and results, and how far its detections have come; raises Refused 404."""
    job = Job.objects.filter(pk=job_id, credential__detector=detector).first()
    if job is None:
        raise Refused(404, "There is no such job of this detector.")
    return JobReport(
        job=job.pk,
        received_at=job.received_at,
        accepted=job.accepted_count,
        duplicate=job.duplicate_count,
        rejected=job.rejected_count,
        stages=dict(stages(job)),
        results=tuple(pipeline.results_of(job)),
    )


def stages(job: Job) -> QuerySet[Detection, tuple[str, int]]:
    """(stage, how many of the job's detections are there), by the index on detections' job."""
    held = Detection.objects.filter(job=job).order_by("stage")
    return held.values_list("stage").annotate(Count("id"))
