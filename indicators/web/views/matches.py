"""Leads that others' indicators give, and what people find of them."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from indicators import pipeline
from indicators.detections.errors import DetectionError
from indicators.models import MatchState
from indicators.people.roles import roles_of
from indicators.reconcile import holding, telling
from indicators.reconcile import queue as queues
from indicators.reconcile.case import Word, read_case
from indicators.reconcile.rehearsing import Rehearsal, rehearse_decision
from indicators.reconcile.triage import Decision
from indicators.web.forms.matches import (
    MOST,
    DecisionForm,
    QueueForm,
    finding_of,
    matches_of,
    shown_as,
)
from indicators.web.keyset import Beside
from indicators.web.pages import ANALYST, signed_in

_FINDINGS = {
    MatchState.CONFIRMED: "confirmed",
    MatchState.FALSE_POSITIVE: "called false positive",
    MatchState.NEEDS_INFORMATION: "marked as needing information",
    MatchState.OPEN: "opened again",
}

_STATES = {
    MatchState.OPEN: ("a lead", "info"),
    MatchState.CONFIRMED: ("confirmed", "ok"),
    MatchState.FALSE_POSITIVE: ("false positive", "muted"),
    MatchState.NEEDS_INFORMATION: ("needs information", "warn"),
}
_ACTS = {
    MatchState.CONFIRMED: (
        "Confirm",
        "Confirm {}",
        "You find that both see the same actor. The origin is told that we saw it, and how many"
        " accounts; never which.",
    ),
    MatchState.FALSE_POSITIVE: (
        "Call false positive",
        "Call {} a false positive",
        "You find that it is not the same actor. The origin is told that we disagree.",
    ),
    MatchState.NEEDS_INFORMATION: (
        "Need information",
        "Need information on {}",
        "You can't tell yet. You may ask the origin for more.",
    ),
    MatchState.OPEN: (
        "Open again",
        "Open {} again",
        "Nobody's decision any more. What was said of it is taken back.",
    ),
}
_STANCES = {
    -2: "strongly disagrees",
    -1: "disagrees",
    0: "neither agrees nor disagrees",
    1: "agrees",
    2: "strongly agrees",
}


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Matches in one state, the newest change first."""
    form = QueueForm(request.GET)
    is_valid = form.is_valid()
    which = form.which if is_valid else queues.Filter()
    found = queues.read_queue(which, form.cleaned_data["place"]) if is_valid else None
    shown = {
        "form": form,
        "page": found,
        "rows": [(lead, telling.shared(lead.kinds)) for lead in found.leads] if found else [],
        "pages": Beside(
            _query(request, found.newer if found else None),
            _query(request, found.older if found else None),
        ),
        "tabs": _tabs(request, which.state),
        "state": which.state,
        "is_filtered": _is_filtered(which),
        "query": request.GET.urlencode(),
        **_held(request),
    }
    return render(request, "web/matches/queue.html", shown, status=200 if is_valid else 422)


@require_safe
def match(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One match: ours beside theirs, why it may be so, what was answered."""
    case = read_case(uuid)
    if case is None:
        raise Http404("There is no such match.")
    words, tone = _STATES[case.lead.state]
    shown = {
        "case": case,
        "lead": case.lead,
        "state_words": words,
        "state_tone": tone,
        "finding_words": _FINDINGS[case.lead.state],
        "words": [_word(each) for each in case.words],
        "query": request.GET.urlencode(),
        **_held(request),
    }
    return render(request, "web/matches/match.html", shown)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What a decision would tell, and whom; nothing is decided yet."""
    try:
        chosen, finding = matches_of(request.POST), finding_of(request.POST)
    except ValueError:
        raise BadRequest("No matches and finding that this page could have sent.") from None
    if not 0 < len(chosen) <= MOST:
        messages.warning(request, f"Select matches first, at most {MOST} at once.")
        return redirect(_back(request))
    form = DecisionForm(finding, request.POST if "shown" in request.POST else None)
    form.is_valid()
    return _confirm(request, form, form.decision(chosen))


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Hold the decision that was shown; another one is shown first."""
    try:
        chosen, finding = matches_of(request.POST), finding_of(request.POST)
    except ValueError:
        raise BadRequest("No matches and finding that this page could have sent.") from None
    form = DecisionForm(finding, request.POST)
    if not form.is_valid() or not 0 < len(chosen) <= MOST:
        return _confirm(request, form, form.decision(chosen), status=422)
    decision = form.decision(chosen)
    if request.POST.get("shown") != shown_as(decision):
        messages.info(request, "You changed something: this is what it says now.")
        return _confirm(request, form, decision)
    try:
        act = pipeline.hold_decision(decision, signed_in(request))
    except DetectionError as refusal:
        form.add_error(None, str(refusal))
        return _confirm(request, form, decision, status=409)
    if act is None:
        messages.success(request, f"{_matches(len(chosen))} {_FINDINGS[finding]}.")
    return redirect(_back(request))


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what is still held."""
    try:
        count = pipeline.undo_decision(UUID(hex=request.POST.get("act", "")), signed_in(request))
    except ValueError:
        raise BadRequest("No decision that this page could have named.") from None
    except DetectionError as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"Taken back. {_matches(count)} as before; nobody was told.")
    return redirect(_back(request))


def _confirm(
    request: HttpRequest, form: DecisionForm, decision: Decision, status: int = 200
) -> HttpResponse:
    rehearsal: Rehearsal | None = None
    refusal = ""
    try:
        rehearsal = rehearse_decision(decision, signed_in(request))
    except DetectionError as error:
        refusal = str(error)
    answers = rehearsal.answers if rehearsal else ()
    verb, title, meaning = _ACTS[decision.state]
    shown = {
        "form": form,
        "decision": decision,
        "rehearsal": rehearsal,
        "answers": [(each, [*map(telling.sentences, each.objects)]) for each in answers],
        "more": rehearsal.answer_count - len(answers) if rehearsal else 0,
        "refusal": refusal,
        "shown_as": shown_as(decision),
        "query": request.POST.get("query", ""),
        "back": _back(request),
        "title": title.format(_matches(len(decision.matches))),
        "verb": verb,
        "meaning": meaning,
        "hold": settings.ANSWER_HOLD,
    }
    return render(request, "web/matches/confirm.html", shown, status=status)


def _word(word: Word) -> dict[str, object]:
    """An answer of another organization, in words."""
    if word.kind == "sighting":
        says = "saw it, too"
    else:
        reaction = telling.REACTIONS.get(word.reaction, word.reaction)
        says = _STANCES.get(word.stance, "") + (f": “{reaction}”" if reaction else "")
    return {"who": word.origin, "says": says, "count": word.count, "said_at": word.said_at}


def _held(request: HttpRequest) -> dict[str, object]:
    person = signed_in(request)
    decides = ANALYST in roles_of(person)
    acts = holding.held_by(person) if decides else []
    rows = [(act, _matches(act.count), _FINDINGS[act.state]) for act in acts]
    return {"held": rows, "decides": decides}


def _matches(count: int) -> str:
    return f"{count} match" if count == 1 else f"{count} matches"


def _tabs(request: HttpRequest, here: MatchState) -> list[dict[str, object]]:
    counts = queues.counts()
    return [
        {
            "title": title,
            "url": f"?{urlencode({**_kept(request.GET), 'state': state})}",
            "count": counts[MatchState(state)],
            "is_here": state == here,
        }
        for state, title in QueueForm.base_fields["state"].choices  # type: ignore[attr-defined]
    ]


def _query(request: HttpRequest, place: queues.Place | None) -> str:
    if place is None:
        return ""
    state = {"state": request.GET["state"]} if request.GET.get("state") else {}
    return urlencode({**_kept(request.GET), **state, "place": str(place)})


def _kept(asked: QueryDict) -> dict[str, str]:
    """The filters that stay when the state or the place changes."""
    names = ("origin", "detector", "semantics", "strength", "cluster")
    return {name: str(asked[name]) for name in names if asked.get(name)}


def _is_filtered(which: queues.Filter) -> bool:
    return which != queues.Filter(state=which.state)


def _back(request: HttpRequest) -> str:
    """To the page of the queue that it came from: only its filters are taken from what was sent."""
    query = QueryDict(request.POST.get("query", ""))
    kept = _kept(query)
    if state := query.get("state"):
        kept["state"] = str(state)
    return reverse("matches") + (f"?{urlencode(kept)}" if kept else "")
