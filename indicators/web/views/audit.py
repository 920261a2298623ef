"""The audit log: who did what to what, searched, read page by page, taken away as a file."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from indicators.pipeline.administration import records
from indicators.web.acting import refuse_form
from indicators.web.forms.audit import AuditForm
from indicators.web.keyset import Page, asked, beside
from indicators.web.pages import signed_in


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The newest first; nothing is shown for a question that makes no sense."""
    form = AuditForm(request.GET, acts=records.acts())
    found = records.Found([], None, None)
    if form.is_valid():
        before, after = asked(request, "before"), asked(request, "after")
        found = records.search(form.asked(), before=before, after=after)
    page = Page(found.events, *beside(request, found.newer, found.older))
    shown = {"form": form, "page": page, "is_filtered": any(form.data.values())}
    status = 200 if form.is_valid() else 400
    return render(request, "web/audit/audit.html", shown, status=status)


@require_POST
def export(request: HttpRequest) -> StreamingHttpResponse | HttpResponse:
    """Everything that matches, as JSON lines. That it was taken is written down first."""
    form = AuditForm(request.POST, acts=records.acts())
    if not form.is_valid():
        refuse_form(request, form)
        return redirect("audit")
    lines = records.export(form.asked(), signed_in(request).get_username())
    answer = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    answer["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    answer["Cache-Control"] = "no-store"
    return answer
