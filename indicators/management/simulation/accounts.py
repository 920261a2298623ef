"""The accounts of a simulated campaign: five identifiers each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from indicators.detections.finding import Identifier, SeenAccount
from indicators.management.simulation.chance import Chance
from indicators.management.simulation.shapes import Shape

# Exchange 555 of 100 area codes: not assigned to anybody, and well-formed to every parser.
_AREA_TEXT = """
201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 220 223 224
225 227 228 229 231 234 239 240 248 251 252 253 254 256 260 262 267 269 270 272
274 276 279 281 283 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317
318 319 320 321 323 324 325 326 327 329 330 331 332 334 336 337 339 341 346 347
350 351 352 353 360 361 363 364 369 380 385 386 401 402 404 405 406 407 408 409
"""
_GIVEN_TEXT = """
Ada Alan Anna Ben Carla Chen Dana Elif Emil Farah Femi Gita Hana Hugo Ines Ivan Jana Jomo Kaja
Kofi Lena Luis Maya Mina Nils Noor Olga Omar Pia Quin Rosa Sami Tara Timo Uma Vera Wanda Yara
"""
_FAMILY_TEXT = """
Abara Adler Bakshi Berg Castro Doyle Eklund Faris Garcia Haddad Ito Jansen Kaya Lund Meier Novak
Okafor Petrov Quist Rossi Sato Tanaka Ueda Vogel Weber Xu Yilmaz Zeman
"""
_AREAS, _GIVEN, _FAMILY = _AREA_TEXT.split(), _GIVEN_TEXT.split(), _FAMILY_TEXT.split()
_PROVIDERS = ("mail.example", "post.example", "inbox.example", "webmail.example")
_PHONES = len(_AREAS) * 10_000
_ADDRESSES = 1 << 24
# One address in so many is IPv6.
_IPV6 = 8


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody who plays an account in one campaign, by seat.

    A seat's `life` counts the accounts that it had: after a ban a new person with a new phone and
    address sits there, and the card and the machine's exit are the old ones. Some seats (the share
    `shared`) are the same at every organization: who sits there is drawn from `common`.
    """

    chance: Chance
    shape: Shape
    campaign: int
    campaigns: int
    seats: int
    common: Chance | None = None
    shared: float = 0.0

    def account(self, seat: int, life: int, since: datetime, until: datetime) -> SeenAccount:
        """Seen from some hour of its first day on."""
        place = (self.campaign, seat, life)
        person = self._person(seat)
        given = person.choice(_GIVEN, "given", *place)
        family = person.choice(_FAMILY, "family", *place)
        return SeenAccount(
            ref=f"acct-{self.chance.hex(16, 'ref', *place)}",
            identifiers=(
                Identifier("email", _email(person, given, family, place)),
                Identifier("phone", self._phone(person, seat, life)),
                Identifier("ip", self._address(person, seat, life)),
                Identifier("payment-instrument", self._payment(person, seat)),
                Identifier("device", person.hex(32, "device", *place)),
            ),
            person_names=(f"{given} {family}",),
            first_seen=since + timedelta(minutes=self.chance.number(720, "first seen", *place)),
            last_seen=until,
        )

    def began(self, seat: int, revision: int) -> tuple[int, int]:
        """The life that a seat has in a revision, and the revision in which it began."""
        person, found = self._person(seat), (1, 1)
        for each in range(2, revision + 1):
            if person.ratio(0, 1, "ban", self.campaign, seat, each) < self.shape.churn:
                found = (found[0] + 1, each)
        return found

    def _person(self, seat: int) -> Chance:
        """Where what is known of the seat's person is drawn: here alone, or everywhere alike."""
        if self.common is None:
            return self.chance
        is_shared = self.common.ratio(0, 1, "shared", self.campaign, seat) < self.shared
        return self.common if is_shared else self.chance

    def _phone(self, person: Chance, seat: int, life: int) -> str:
        number = person.shuffled(self._serial(seat, life), _PHONES, "phone")
        area, line = divmod(number, 10_000)
        return f"+1{_AREAS[area]}555{line:04d}"

    def _address(self, person: Chance, seat: int, life: int) -> str:
        """Where the machine's traffic leaves: several seats have one exit."""
        exit_ = seat - seat % self.shape.accounts_per_address
        number = person.shuffled(self._serial(exit_, life), _ADDRESSES, "address")
        if number % _IPV6 == 0:
            return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"
        return f"10.{number >> 16}.{number >> 8 & 0xFF}.{number & 0xFF}"

    def _payment(self, person: Chance, seat: int) -> str:
        """A payment account reference (PAR): 29 digits and letters, never a card's number."""
        card = seat // self.shape.accounts_per_payment
        return f"X0RT{person.letters(25, 'card', self.campaign, card)}"

    def _serial(self, seat: int, life: int) -> int:
        """Another number for each account of the simulation."""
        return ((life - 1) * self.campaigns + self.campaign) * self.seats + seat


def _email(person: Chance, given: str, family: str, place: tuple[int, ...]) -> str:
    provider = person.choice(_PROVIDERS, "provider", *place)
    return f"{given.lower()}.{family.lower()}.{person.hex(12, 'email', *place)}@{provider}"
