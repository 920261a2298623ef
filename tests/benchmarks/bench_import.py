"""The import command, and the store's admission as the feed grows; what `fill` has measured."""

from tests.benchmarks.figures import Figure
from tests.benchmarks.place import Place


def run(place: Place) -> list[Figure]:
    times = place.times
    figures = [
        Figure(
            f"import of a file of {times['file, objects']:,.0f}",
            times["file, objects"] / times["file, s"],
            "objects/s",
        ),
        Figure("import, size of an object", times["file, bytes"] / times["file, objects"], "bytes"),
    ]
    if "store, s" in times:
        figures += [
            Figure(
                f"parse and admit {times['store, objects']:,.0f}",
                times["store, objects"] / times["store, s"],
                "objects/s",
            ),
            *(
                Figure(
                    f"parse and admit, {part} tenth",
                    times[f"store, {part} tenth, objects/s"],
                    "objects/s",
                )
                for part in ("first", "last")
            ),
        ]
    return figures
