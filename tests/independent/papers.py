"""What others' programs read in a pack's papers: every PDF is held against PDF/A-2u and
its text is searched, and the workbook is read back beside the samples' records.

Usage: python papers.py PACK.zip
Needs pdf_oxide and openpyxl from PyPI; `.ci/run` runs it on the pack of a quarter.
"""

import io
import json
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import openpyxl
from pdf_oxide import PdfDocument

CHANGES = "SOC 2 Evidence/Change Management/"


def faults_of(content, place):
    """Returns why these bytes aren't PDF/A-2u."""
    path = place / "paper.pdf"
    path.write_bytes(content)
    return PdfDocument(str(path)).validate_pdf_a("2u")["errors"]


def text_of(content, place):
    path = place / "paper.pdf"
    path.write_bytes(content)
    paper = PdfDocument(str(path))
    return " ".join(paper.extract_text(page) for page in range(paper.page_count()))


def plain(text):
    """Letters and digits alone: where lines break is the page's."""
    return "".join(letter for letter in text if letter.isalnum())


def main():
    pack = zipfile.ZipFile(sys.argv[1])
    place = Path(tempfile.mkdtemp())
    papers = [name for name in pack.namelist() if name.endswith(".pdf")]
    assert papers, "the pack has no PDF"
    for name in papers:
        faults = faults_of(pack.read(name), place)
        assert not faults, f"{name}: {faults}"
    # A validator that never refuses shows nothing.
    spoiled = pack.read(papers[0]).replace(b"pdfaid:part", b"pdfaid:pert")
    assert faults_of(spoiled, place), "the validator takes a paper without its PDF/A mark"

    numbers = {}
    for name in pack.namelist():
        if not name.endswith("/record.json"):
            continue
        record = json.loads(pack.read(name))
        folder = name.removesuffix("record.json")
        ticket = [paper for paper in papers if paper.startswith(folder)]
        told = " ".join(text_of(pack.read(paper), place) for paper in ticket)
        number = record.get("number") or record["name"]
        assert plain(str(number)) in plain(told), f"{folder}: {number} can't be found"
        numbers[str(number)] = record

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = openpyxl.load_workbook(io.BytesIO(pack.read(CHANGES + "Change Log.xlsx")))
    rows = list(book["Change Log"].iter_rows(values_only=True))
    header = rows[0]
    listed = {row[header.index("Change")] for row in rows[1:]}
    missing = set(numbers) - listed
    assert not missing, f"not in the change log: {missing}"
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    formulas = [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert not formulas, f"formulas in {formulas}"
    print(
        f"{len(papers)} papers are PDF/A-2u and can be searched; "
        f"{len(rows) - 1} changes in the workbook, {len(cells)} cells, no formula; "
        f"{len(numbers)} samples stand in it."
    )


main()
