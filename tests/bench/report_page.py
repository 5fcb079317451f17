"""
report_page.py PAGE CHART... -- CHART...: whether a page of ctxbench report is whole: tags that fit each
other, all sections, nothing from elsewhere, these charts with something drawn in them and a label, and not
those.
"""

import html.parser
import re
import sys

SECTIONS = ["curve", "tenants", "policies", "time", "quotas", "saved"]
VOID = {"meta", "br", "img", "link", "input", "hr"}
DRAWN = {"path": "d", "rect": "width", "circle": "cx"}


class Page(html.parser.HTMLParser):
    """The tags of a page as far as checks ask for them."""

    def __init__(self):
        super().__init__()
        self.open, self.sections, self.problems, self.text = [], [], [], []
        self.charts, self.tables = {}, {}
        self.chart = None

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if len(names) != len(attributes):
            self.problems.append(f"an attribute twice in <{tag}>")
        for name, value in attributes:
            if name in ("src", "href") or name.startswith("on"):
                self.problems.append(f"<{tag}> has {name}")
            if name != "xmlns" and re.search(r"https?:", value or ""):
                self.problems.append(f"<{tag}> names another place: {value}")
        if tag == "section":
            self.sections.append(names["id"])
        if tag == "table":
            self.tables[self.sections[-1]] = self.tables.get(self.sections[-1], 0) + 1
        if tag == "svg" and names.get("id", "").startswith("chart-"):
            self.chart = names["id"][len("chart-"):]
            if self.chart in self.charts:
                self.problems.append(f"two charts are {self.chart}")
            if names.get("role") != "img" or not names.get("aria-label"):
                self.problems.append(f"chart {self.chart} has no label")
            self.charts[self.chart] = [len(self.open), 0]
        if self.chart and names.get(DRAWN.get(tag, ""), ""):
            self.charts[self.chart][1] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> does not fit {self.open[-3:]}")
            return
        self.open.pop()
        if self.chart and len(self.open) == self.charts[self.chart][0]:
            self.chart = None

    def handle_data(self, data):
        self.text.append(data)


def main():
    split = sys.argv.index("--")
    wanted, unwanted = sys.argv[2:split], sys.argv[split + 1:]
    with open(sys.argv[1], encoding="utf-8") as file:
        content = file.read()
    page = Page()
    page.feed(content)
    page.close()
    problems = page.problems
    if page.open:
        problems.append(f"never ended: {page.open}")
    if page.sections != SECTIONS:
        problems.append(f"sections are {page.sections}")
    if re.search(r"\b(nan|inf)\b", re.sub(r"<(style|script)>.*?</\1>", "", content, flags=re.S), re.I):
        problems.append("a number is none")
    if re.search(r"@import|url\((?!#)", content):
        problems.append("something is loaded from elsewhere")
    for chart in wanted:
        if page.charts.get(chart, [0, 0])[1] == 0:
            problems.append(f"nothing is drawn in chart {chart}")
        section = {"tenant": "tenants", "splits": "quotas"}.get(chart.split("-")[0], chart.split("-")[0])
        if section not in page.tables:
            problems.append(f"section {section} has no table")
    problems += [f"there is a chart {chart}" for chart in unwanted if chart in page.charts]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
