"""A simulated campaign's traffic, a window a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from indicators.detections.finding import Window
from indicators.management.simulation.chance import Chance
from indicators.management.simulation.plan import DAY, Plan
from indicators.management.simulation.shapes import Shape

_MOST = 999_999_999


@dataclass(frozen=True, slots=True)
class Traffic:
    """Load-balanced: every account sends about as much as the others, every day as the last."""

    plan: Plan
    chance: Chance
    number: int
    shape: Shape

    @property
    def release(self) -> datetime:
        """A new model comes out at ten in the middle of the campaign."""
        return self.plan.start + self.plan.days // 2 * DAY + timedelta(hours=10)

    @property
    def shifted(self) -> float:
        """The share of the traffic that is with the new model 24 hours later."""
        return self.chance.ratio(0.42, 0.5, "shift", self.number)

    def windows(self, revision: int) -> tuple[Window, ...]:
        """A day more in each revision; what was told of a day stays as it is."""
        requests = self._requests(self.plan.days + revision - 1)
        return tuple(self._window(day, count) for day, count in enumerate(requests))

    def _requests(self, days: int) -> list[int]:
        """By day. The first `plan.days` make up the campaign's interactions exactly."""
        plan = self.plan
        wanted = plan.interactions or plan.accounts * self.shape.interactions_per_account
        daily, rest = divmod(min(wanted, _MOST), plan.days)
        found = [daily] * days
        for day in range(0, plan.days - 1, 2):
            moved = self.chance.number(daily // 20 + 1, "moved", self.number, day)
            found[day], found[day + 1] = daily + moved, daily - moved
        found[0] += rest
        return found

    def _window(self, day: int, requests: int) -> Window:
        shape, place = self.shape, (self.number, day)
        accounts = self.plan.accounts
        idle = self.chance.number(accounts // 30 + 1, "idle", *place)
        start = self.plan.start + day * DAY
        hours = (start - self.release) / timedelta(hours=1)
        moves = shape.pivots and 0 <= hours < 24
        return Window(
            start=start,
            seconds=86_400,
            account_count=accounts - idle,
            request_count=requests,
            prompt_variant_count=requests * 7 // 10,
            prompt_template_count=4 + self.chance.number(12, "templates", self.number),
            distinct_capability_count=len(shape.capabilities),
            top_capability=shape.capabilities[0],
            payment_instrument_count=-(-accounts // shape.accounts_per_payment),
            synchrony_score=self.chance.ratio(*shape.synchrony, "synchrony", *place),
            synchrony_window_seconds=60,
            cot_elicitation_ratio=self._share("cot-elicitation", place),
            rubric_grading_ratio=self._share("rubric-grading", place),
            model_share_shift_24h=self.shifted if moves else None,
            hours_since_model_release=hours if moves else None,
            output_token_total=requests * 900,
            unrelated_traffic_ratio=shape.unrelated,
        )

    def _share(self, technique: str, place: tuple[int, int]) -> float | None:
        if technique not in self.shape.techniques:
            return None
        return self.chance.ratio(0.5, 0.8, technique, *place)
