"""Artists come from one module, which imports them before matplotlib has written what nobody reads."""

import re
import subprocess
import sys

from tests.conftest import REPO

OTHERS = re.compile(r"from matplotlib\.(?!ticker|colors|patheffects|font_manager|artist)\w+|import matplotlib\.")


def test_no_other_module_imports_artists():
    library = REPO / "scripts" / "degsteps"
    sources = [path for path in library.rglob("*.py") if path != library / "figures" / "artists.py"]
    places = [
        f"{path.relative_to(REPO)}:{number}"
        for path in sources
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if OTHERS.search(line)
    ]
    assert places == []


def test_artists_are_set_as_ever_and_their_signatures_are_not_written():
    code = (
        "from degsteps.figures.style import new_figure\n"
        "from matplotlib.lines import Line2D\n"
        "import inspect\n"
        "line, = new_figure(2).subplots().plot([1, 2])\n"
        "line.set(color='red', linewidth=3)\n"
        "assert (line.get_color(), line.get_linewidth()) == ('red', 3)\n"
        "assert 'linewidth' not in inspect.signature(Line2D.set).parameters\n"
    )
    folder = str(REPO / "scripts")
    subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {folder!r})\n{code}"], check=True)
