/* Pictures: drawn by plotly.js in the colours of the page, with a legend and zoom of our own. */
(function () {
  const { element, printing } = window.llmcost;
  const PRINT_WIDTH = 660;
  const NARROW = 560;
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  const config = { displayModeBar: false, displaylogo: false, doubleClick: "reset", plotlyServerURL: "" };
  const made = [];

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue(name).trim();
    return {
      ink: get("--ink"), muted: get("--muted"), line: get("--line"), strong: get("--strong-line"),
      sheet: get("--sheet"), ground: get("--ground"), neutral: get("--neutral"), sans: get("--sans"),
    };
  }

  const NEUTRAL = "#7F7F7F";
  const DARK = /^#([0-6][0-9a-f])([0-6][0-9a-f])([0-6][0-9a-f])$/i;
  const GREY = 24;

  /* Greys are those of the page, light or dark; colours stay. */
  function named(colour, theme) {
    if (colour === NEUTRAL) return theme.neutral;
    const parts = (DARK.exec(colour) || []).slice(1).map((part) => parseInt(part, 16));
    const grey = parts.length && Math.max(...parts) - Math.min(...parts) <= GREY;
    return grey ? theme.ink : colour;
  }

  /* Words of an axis in lines of about `room` characters. */
  function folded(text, room) {
    const lines = [""];
    text.split(" ").forEach((word) => {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length + 1 > room) lines.push(word);
      else lines[lines.length - 1] = last ? last + " " + word : word;
    });
    return lines.join("<br>");
  }

  function short(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e15 || size < 1e-3) {
      const power = Math.floor(Math.log10(size) + 1e-9);
      const lead = Number((value / 10 ** power).toPrecision(3));
      return (lead === 1 ? "" : lead + " × ") + "10<sup>" + power + "</sup>";
    }
    const [factor, sign] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e4, "k"]].find(([least]) => size >= least) || [1, ""];
    const shown = Number((value / (factor === 1e4 ? 1e3 : factor)).toPrecision(3));
    return shown.toLocaleString("en-US", { maximumFractionDigits: 6 }) + sign;
  }

  /* Marks of a logarithmic axis: 1, 2 and 5 in each decade while there is room, else its start. */
  function logarithmic(range, room) {
    const [low, high] = [Math.min(...range), Math.max(...range)];
    const steps = [[1, 2, 5], [1, 3], [1]];
    const wide = Math.max(2, Math.floor(room / 62));
    let ticks = [];
    for (const lead of steps) {
      ticks = [];
      for (let power = Math.floor(low); power <= high; power += 1) {
        lead.forEach((each) => {
          const at = Math.log10(each) + power;
          if (at >= low - 1e-9 && at <= high + 1e-9) ticks.push(Number((each * 10 ** power).toPrecision(3)));
        });
      }
      if (ticks.length <= wide) break;
    }
    const every = Math.ceil(ticks.length / wide);
    return ticks.filter((_, at) => at % every === 0);
  }

  const axesOf = (layout) => Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name));

  /* Heights [px]: each panel under its words, each row of categories as high as its name. */
  const [LINE, ROW, DENSE_ROW, EDGES, UNDER] = [16, 38, 27, 30, 58];
  const lines = (text) => text.split("<br>").length;

  function rows(axis) {
    const least = axis.ticktext.length > 14 ? DENSE_ROW : ROW;
    return EDGES + axis.ticktext.length * Math.max(least, ...axis.ticktext.map((text) => lines(text) * LINE + 8));
  }

  function stack(figure, layout) {
    const panels = figure.panels.map((height, at) => {
      const axis = layout["yaxis" + (at ? at + 1 : "")];
      const words = layout.annotations[at].text;
      return { axis, above: (words ? lines(words) * LINE + 18 : 10), height: height || rows(axis) };
    });
    const below = panels.map((panel, at) => (at < panels.length - 1 ? UNDER + panels[at + 1].above : 0));
    const whole = panels.reduce((sum, panel, at) => sum + panel.height + below[at], 0);
    let top = whole;
    panels.forEach((panel, at) => {
      panel.axis.domain = [Math.max(0, (top - panel.height) / whole), top / whole];
      top -= panel.height + below[at];
    });
    return { top: panels[0].above, bottom: UNDER, height: whole + panels[0].above + UNDER };
  }

  function styled(figure, theme, width) {
    const narrow = width < NARROW;
    const layout = structuredClone(figure.layout);
    const font = { family: theme.sans, size: narrow ? 12 : 13, color: theme.ink };
    axesOf(layout).forEach((name) => axis(layout[name], name, theme, width));
    layout.annotations.forEach((note) => {
      note.font = { ...font, color: theme.muted };
      note.text = folded(note.text, Math.floor(width / 7.5));
      note.visible = Boolean(note.text);
    });
    layout.shapes.forEach((shape) => { if (shape.line.color) shape.line.color = named(shape.line.color, theme); });
    const { top, bottom, height } = stack(figure, layout);
    return Object.assign(layout, {
      width, height, font, showlegend: false, autosize: false, bargap: 0.3,
      hovermode: "closest", hoverdistance: 24, dragmode: coarse ? false : "zoom",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { t: top, b: bottom, l: 4, r: narrow ? 14 : 28, pad: 6 },
      hoverlabel: {
        bgcolor: theme.sheet, bordercolor: theme.strong, align: "left",
        font: { family: theme.sans, size: 13, color: theme.ink }, namelength: -1,
      },
    });
  }

  function axis(made, name, theme, width) {
    const narrow = width < NARROW;
    const across = name[0] === "x";
    Object.assign(made, {
      automargin: true, zeroline: false, gridcolor: theme.line, linecolor: theme.strong,
      tickcolor: theme.strong, exponentformat: "B", minexponent: 4, separatethousands: true,
      tickfont: { color: made.fixedrange ? theme.ink : theme.muted, size: narrow ? 11.5 : 12.5 },
      title: { ...made.title, font: { color: theme.muted, size: narrow ? 12 : 13 }, standoff: 12 },
    });
    if (across) Object.assign(made, { showgrid: true, showline: true, ticks: "outside", ticklen: 4, nticks: narrow ? 4 : 8 });
    if (narrow && across) made.title.text = folded(made.title.text, Math.floor(width / 11));
    if (made.ticktext) {
      made.ticktext = made.ticktext.map((text) => folded(text, narrow ? 14 : 30));
      made.ticklabelposition = "outside";
    }
  }

  const halo = (colour) => Array(4).fill("0px 0px 3px " + colour).join(", ");

  function coloured(figure, theme) {
    const longest = Math.max(0, ...figure.data.flatMap((trace) => (trace.type === "bar" ? trace.x.map(Math.abs) : [])));
    return structuredClone(figure.data).map((trace) => {
      if (trace.line) trace.line.color = named(trace.line.color, theme);
      if (trace.marker && trace.type !== "bar") trace.marker.color = named(trace.marker.color, theme);
      if (trace.type === "bar") trace.marker.line = { width: trace.x.map((span) => (Math.abs(span) > longest / 50 ? 1 : 0)), color: theme.ground };
      if (trace.text) trace.textfont = { color: theme.ink, family: theme.sans, size: 12.5, shadow: halo(theme.ground) };
      return trace;
    });
  }

  /* Logarithmic axes without ticks of their own are marked for the stretch and room they show. */
  function marks(gd) {
    const full = gd._fullLayout;
    const change = {};
    const own = gd.layout.meta || [];
    const logarithmicOnes = axesOf(gd.layout).filter((name) => gd.layout[name].type === "log");
    logarithmicOnes.filter((name) => !own.includes(name)).forEach((name) => {
      const ticks = logarithmic(full[name].range, full[name]._length || 300);
      change[name + ".tickmode"] = "array";
      change[name + ".tickvals"] = ticks;
      const money = gd.layout[name].tickprefix || "";
      change[name + ".ticktext"] = ticks.map((value) => money + short(value));
    });
    /* Words above a panel start where the page's other words do. */
    gd.layout.annotations.forEach((note, at) => { change[`annotations[${at}].xshift`] = 1 - full._size.l; });
    return change;
  }

  /* New marks may take other room, and so move what stands beside them: again, a few times. */
  function refresh(gd, times = 3) {
    const change = marks(gd);
    const same = Object.entries(change).every(([name, value]) => {
      const held = name.split(/[.[\]]+/).reduce((part, key) => part[key], gd.layout);
      return JSON.stringify(held) === JSON.stringify(value);
    });
    if (same || !times) return Promise.resolve();
    return Plotly.relayout(gd, change).then(() => refresh(gd, times - 1));
  }

  function room(picture) {
    return Math.max(240, Math.floor(picture.plot.clientWidth));
  }

  function draw(picture, width) {
    const theme = colours();
    const shown = (label) => !picture.hidden.has(label);
    const data = coloured(picture.figure, theme);
    const layout = styled(picture.figure, theme, width || room(picture));
    data.forEach((trace) => { trace.visible = shown(trace.meta); });
    layout.shapes.forEach((shape) => { shape.visible = shown(shape.name); });
    Object.entries(picture.ranges).forEach(([name, range]) => { layout[name].range = range; layout[name].autorange = false; });
    picture.width = layout.width;
    swatches(picture, theme);
    return Plotly.react(picture.gd, data, layout, config).then(() => refresh(picture.gd));
  }

  const SHAPES = {
    circle: "M8 2.5a5.5 5.5 0 1 0 .01 0z", square: "M3 3h10v10H3z", diamond: "M8 1.5 14.5 8 8 14.5 1.5 8z",
    triangle: "M8 2 14.5 13.5h-13z", cross: "M4 2 8 6l4-4 2 2-4 4 4 4-2 2-4-4-4 4-2-2 4-4-4-4z",
    star: "m8 1 2 5h5l-4 3.2 1.5 5L8 11.2 3.5 14.2 5 9.2 1 6h5z",
  };
  function swatch(line, theme) {
    const colour = line.kind === "bars" ? line.colour : named(line.colour, theme);
    const drawn = {
      bars: `<path d="M1 1h14v14H1z" fill="${colour}"/>`,
      band: `<path d="M1 1h14v14H1z" fill="${colour}" fill-opacity=".35"/>`,
      region: `<path d="M1 1h14v14H1z" fill="${colour}" fill-opacity=".22"/>`,
      points: `<path d="${SHAPES[line.symbol] || SHAPES.circle}" fill="${colour}"/>`,
      line: `<path d="M0 8h16" stroke="${colour}" stroke-width="3"${line.dashed ? ' stroke-dasharray="5 3"' : ""}/>`,
      rule: `<path d="M8 0v16" stroke="${colour}" stroke-width="2.5" stroke-dasharray="4 2.5"/>`,
      whiskers: `<path d="M1 8h14M1 4v8M15 4v8" stroke="${colour}" stroke-width="2" fill="none"/>`,
    };
    return `<svg viewBox="0 0 16 16">${drawn[line.kind] || drawn.bars}</svg>`;
  }
  function swatches(picture, theme) {
    picture.swatches.forEach(([holder, line]) => { holder.innerHTML = swatch(line, theme); });
  }

  function legend(picture) {
    const list = element("ul", { class: "legend", "aria-label": "Legend: what is shown" });
    picture.figure.legend.forEach((line) => {
      const button = element("button", { type: "button", "aria-pressed": "true" });
      const holder = element("span", { class: "swatch", "aria-hidden": "true" });
      picture.swatches.push([holder, line]);
      button.append(holder, element("span", {}, line.label));
      button.addEventListener("click", () => {
        const hide = !picture.hidden.has(line.label);
        if (hide) picture.hidden.add(line.label);
        else picture.hidden.delete(line.label);
        button.setAttribute("aria-pressed", String(!hide));
        draw(picture);
      });
      const item = element("li");
      item.append(button);
      list.append(item);
    });
    return list;
  }

  /* Ends of an axis as numbers, and back: dates are counted in milliseconds. */
  const isDate = (range) => typeof range[0] === "string";
  const numbers = (range) => (isDate(range) ? range.map((end) => new Date(end.replace(" ", "T") + (end.length > 10 ? "Z" : "")).getTime()) : range);

  function zoom(picture, share) {
    const change = {};
    axesOf(picture.gd.layout).filter((name) => !picture.gd.layout[name].fixedrange).forEach((name) => {
      const range = picture.gd._fullLayout[name].range.slice();
      const [low, high] = numbers(range);
      const [middle, half] = [(low + high) / 2, ((high - low) / 2) * share];
      const ends = [middle - half, middle + half];
      change[name + ".range"] = isDate(range) ? ends.map((end) => new Date(end).toISOString().slice(0, 19)) : ends;
    });
    Plotly.relayout(picture.gd, change);
  }

  function reset(picture) {
    picture.ranges = {};
    draw(picture);
  }

  function tools(picture) {
    const bar = element("div", { class: "zoom", role: "group", "aria-label": "Zoom" });
    [
      ["+", "Zoom in", () => zoom(picture, 0.6)],
      ["−", "Zoom out", () => zoom(picture, 1 / 0.6)],
      ["Reset", "Reset the zoom", () => reset(picture)],
    ].forEach(([text, label, act]) => {
      const button = element("button", { type: "button", "aria-label": label }, text);
      button.addEventListener("click", act);
      bar.append(button);
    });
    return bar;
  }

  /* What a reader zoomed to stays when the page turns dark or narrow. */
  function keep(picture, event) {
    Object.keys(event).forEach((key) => {
      const match = /^([xy]axis\d*)\.(range|autorange)/.exec(key);
      if (!match) return;
      if (match[2] === "range") picture.ranges[match[1]] = picture.gd._fullLayout[match[1]].range.slice();
      else delete picture.ranges[match[1]];
    });
    refresh(picture.gd);
  }

  function start(plot) {
    const holder = plot.closest("figure");
    const figure = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    const gd = element("div");
    plot.append(gd);
    const picture = { plot, gd, figure, hidden: new Set(), ranges: {}, swatches: [], width: 0 };
    holder.querySelector("[data-tools]").append(legend(picture), tools(picture));
    return draw(picture).then(() => {
      gd.on("plotly_relayout", (event) => keep(picture, event));
      made.push(picture);
      plot.dataset.drawn = "yes";
      performance.mark("llmcost-picture");
    });
  }

  async function all() {
    for (const plot of document.querySelectorAll("[data-figure]")) {
      await start(plot);
      await new Promise((resume) => setTimeout(resume));
    }
    document.documentElement.dataset.pictures = "drawn";
  }

  function again(width) {
    made.forEach((picture) => draw(picture, width));
  }
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => made.filter((picture) => room(picture) !== picture.width).forEach((picture) => draw(picture)), 120);
  });
  window.llmcost.recolour = () => again();
  printing.push((now) => again(now ? PRINT_WIDTH : 0));
  all();
})();
