"""Whether what the pages of documentation link to is there: files of the project, and headings in them.

usage: links_test.py PROJECT
"""
import glob
import os
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)")
REFERENCE = re.compile(r"\]\[([^\]]+)\]")


def anchors(text):
    """The names of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def read(path):
    with open(path, encoding="utf-8") as page:
        return page.read()


def broken(page):
    """Yields the page's links that lead nowhere; those to other sites are not followed."""
    text = read(page)
    for target in LINK.findall(text):
        name, _, anchor = target.partition("#")
        path = os.path.join(os.path.dirname(page), name) if name else page
        if "://" in target:
            continue
        if not os.path.exists(path) or (anchor and anchor not in anchors(read(path))):
            yield target
    for name in REFERENCE.findall(re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.S | re.M)):
        if f"\n[{name}]: " not in text:
            yield f"[{name}]"


def main():
    project, = sys.argv[1:]
    pages = glob.glob(os.path.join(project, "*.md")) + glob.glob(os.path.join(project, "docs/*.md"))
    count = 0
    for page in pages:
        for target in broken(page):
            count += 1
            print(f"{page}: {target}")
    print(f"{len(pages)} pages, {count} broken links")
    return 1 if count or not pages else 0


sys.exit(main())
