// The plots of docs/BENCHMARKS.md as SVG, light and dark: each ratio with its interval, and the mesh's cost with its
// fits. Drawn by Apache ECharts, which renders without a browser and without a document; two packages, where Vega would
// be sixty. Only this file names it, and only `bench/deno.lock` pins it (libsignal.ts says how).

import { curvesOf, program, rowsOf, type Run, short } from "./page.ts";
import type { Curve } from "./section.ts";
import { powerLaw } from "./statistics.ts";

const ECHARTS = "npm:echarts@6.1.0";

interface Echarts {
  init(dom: null, theme: null, options: Readonly<Record<string, unknown>>): {
    setOption(option: unknown): void;
    renderToSVGString(): string;
    dispose(): void;
  };
}

interface Theme {
  readonly name: string;
  readonly ground: string;
  readonly text: string;
  readonly faint: string;
  readonly colours: readonly [string, string, string];
}

const THEMES: readonly Theme[] = [
  { name: "light", ground: "#ffffff", text: "#1f2328", faint: "#d1d9e0", colours: ["#0969da", "#bc4c00", "#1a7f37"] },
  { name: "dark", ground: "#0d1117", text: "#e6edf3", faint: "#3d444d", colours: ["#58a6ff", "#f0883e", "#3fb950"] },
];

/** By file name. */
export async function plots(run: Run): Promise<Map<string, string>> {
  const echarts = await import(ECHARTS) as Echarts;
  const files = new Map<string, string>();
  for (const theme of THEMES) {
    const ratios = rowsOf(run).filter(({ ratio }) => ratio !== undefined).length;
    files.set(`ratios-${theme.name}.svg`, draw(echarts, 960, 90 + 24 * ratios, ratioOption(run, theme)));
    files.set(`mesh-${theme.name}.svg`, draw(echarts, 960, 420, meshOption(run, theme)));
  }
  return files;
}

function draw(echarts: Echarts, width: number, height: number, option: unknown): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption(option);
  // Without what only a pointer over it would see, and with names that do not count up from drawing to drawing.
  const svg = chart.renderToSVGString().replace(/<style[^]*?<\/style>\n?/, "")
    .replaceAll(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, "")
    .replaceAll(/\bzr\d+-/g, "zr-");
  chart.dispose();
  return svg.endsWith("\n") ? svg : `${svg}\n`;
}

// --- Ratios ---------------------------------------------------------------------------------------------------------

function ratioOption(run: Run, theme: Theme): unknown {
  const rows = rowsOf(run).filter(({ ratio }) => ratio !== undefined);
  const [better, worse] = [theme.colours[2], theme.colours[1]];
  const colour = ({ ratio }: typeof rows[number]) => ratio!.low > 1 ? worse : ratio!.high < 1 ? better : theme.text;
  const [min, max] = decades(rows.flatMap(({ ratio }) => [ratio!.low, ratio!.high, 1]));
  return {
    ...base(theme),
    title: {
      ...titleStyle(theme),
      text: "Sesame's figure over the other's (left of 1: Sesame is faster or smaller)",
      left: 14,
      top: 8,
    },
    grid: { left: 400, right: 70, top: 44, bottom: 36 },
    xAxis: {
      ...axis(theme),
      type: "log",
      min,
      max,
      axisLabel: { color: theme.text, formatter: (v: number) => String(v) },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: rows.map(({ name, peer }) => `${name}  ·  ${program(peer)}`),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { color: theme.text, fontSize: 12 },
    },
    series: [
      {
        type: "line",
        data: [],
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: theme.text, type: "solid", width: 1 },
          data: [{ xAxis: 1 }],
        },
      },
      ...rows.map((row, i) => ({
        type: "line",
        data: [[row.ratio!.low, i], [row.ratio!.high, i]],
        symbol: "none",
        lineStyle: { color: colour(row), width: 3 },
      })),
      {
        type: "scatter",
        symbolSize: 9,
        data: rows.map((row, i) => ({
          value: [row.ratio!.median, i],
          itemStyle: { color: colour(row), opacity: 1 },
        })),
      },
      {
        type: "scatter",
        symbolSize: 0,
        data: rows.map((row, i) => ({ value: [row.ratio!.high, i], label: { formatter: short(row.ratio!.median) } })),
        label: { show: true, position: "right", distance: 8, color: theme.text, fontSize: 12 },
      },
    ],
  };
}

// --- The mesh -------------------------------------------------------------------------------------------------------

const PANELS = [
  { panel: "CPU", title: "CPU, % of a core" },
  { panel: "memory", title: "memory, MiB" },
  { panel: "time", title: "time, ms" },
] as const;

function meshOption(run: Run, theme: Theme): unknown {
  const curves = curvesOf(run);
  const largest = Math.max(...curves.flatMap(({ points }) => points.map(([p]) => p)));
  const width = 250;
  const left = (i: number) => 56 + i * (width + 66);
  const panels = PANELS.map(({ panel, title }, i) => {
    const own = curves.filter((curve) => curve.panel === panel);
    const [min, max] = decades(
      own.flatMap(({ points }) => points.map(([, value]) => value).filter((value) => value > 0)),
    );
    return { title, own, i, min, max };
  });
  return {
    ...base(theme),
    title: panels.map(({ title, i }) => ({ ...titleStyle(theme), text: title, left: left(i) - 40, top: 8 })),
    legend: panels.map(({ own, i }) => ({
      left: left(i) - 44,
      top: 330,
      orient: "vertical",
      itemWidth: 14,
      itemHeight: 8,
      textStyle: { color: theme.text, fontSize: 12 },
      data: own.map(named),
    })),
    grid: panels.map(({ i }) => ({ left: left(i), width, top: 44, height: 236 })),
    xAxis: panels.map(({ i }) => ({
      ...axis(theme),
      type: "log",
      logBase: 2,
      gridIndex: i,
      min: 1,
      max: largest,
      name: "peers",
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: { color: theme.text },
    })),
    yAxis: panels.map(({ i, min, max }) => ({ ...axis(theme), type: "log", gridIndex: i, min, max })),
    series: panels.flatMap(({ own, i }) =>
      own.flatMap((curve, n) => {
        const colour = theme.colours[n]!;
        const place = { xAxisIndex: i, yAxisIndex: i, itemStyle: { color: colour, opacity: 1 } };
        return [
          {
            ...place,
            name: named(curve),
            type: "scatter",
            symbolSize: 8,
            data: curve.points.filter(([, value]) => value > 0),
          },
          ...fitted(curve).map((data) => ({
            ...place,
            type: "line",
            symbol: "none",
            data,
            lineStyle: { color: colour, width: 1.5, type: "dashed" },
          })),
        ];
      })
    ),
  };
}

function named(curve: Curve): string {
  const fit = powerLaw(curve.points);
  return fit === undefined ? curve.name : `${curve.name}: p^${fit.exponent.toFixed(2)}`;
}

/** The two ends of the fitted line. */
function fitted({ points }: Curve): [number, number][][] {
  const fit = powerLaw(points);
  if (fit === undefined) return [];
  return [[points[0]![0], points.at(-1)![0]].map((p) => [p, fit.factor * p ** fit.exponent] as [number, number])];
}

// --- Both -----------------------------------------------------------------------------------------------------------

function base(theme: Theme): Record<string, unknown> {
  return { animation: false, backgroundColor: theme.ground, textStyle: { fontFamily: "sans-serif" } };
}

function titleStyle(theme: Theme): Record<string, unknown> {
  return { textStyle: { color: theme.text, fontSize: 14, fontWeight: "bold" } };
}

function axis(theme: Theme): Record<string, unknown> {
  return {
    axisLabel: { color: theme.text },
    axisLine: { show: true, lineStyle: { color: theme.faint } },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: theme.faint, width: 0.5 } },
  };
}

/** The powers of ten around these. */
function decades(values: readonly number[]): [number, number] {
  const logs = values.map(Math.log10);
  const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}
