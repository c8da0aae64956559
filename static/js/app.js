// Everything the pages do in the browser. Pages are complete without it; this makes them live.
import "./ages.js";
import "./drawer.js";
import "./echo.js";
import "./editor.js";
import "./forms.js";
import "./fragments.js";
import "./gutter.js";
import "./keys.js";
import "./lesson.js";
import "./live.js";
import "./livequiz.js";
import "./logs.js";
import "./palette.js";
import "./shell.js";
import "./slides.js";
import "./toasts.js";
import "./tree.js";
