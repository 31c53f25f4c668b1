"""What a scrape of metrics says."""

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """The one sample with this name and exactly these labels; 0 where there is none."""
        return self.samples.get((f"quantum_tasks_{name}", frozenset(labels.items())), 0.0)

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples with this name and, among others, these labels."""
        wanted = set(labels.items())
        return sum(
            value
            for (found, given), value in self.samples.items()
            if found == f"quantum_tasks_{name}" and wanted <= given
        )
