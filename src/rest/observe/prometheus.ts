/** Metrics in the text exposition format of Prometheus, version 0.0.4. */
import process from "node:process";
import type { Metric, Metrics } from "../../runtime/metrics.ts";

/** In a second. */
const MICROSECONDS = 1e6;

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Seconds since 1970. */
const startedAt = performance.timeOrigin / 1000;

/** Returns the metrics of a server and of its process. */
export function prometheusText(metrics: Metrics, version: string): string {
  const families = [...metrics.list(), ...processMetrics()].map((metric) => family(metric));
  const info = { name: "routr_info", help: "What is running", type: "gauge", value: 1 } as const;
  return [...families, family(info, `{version="${escapeLabel(version)}"}`)].join("");
}

/** Returns the lines of one metric. */
function family({ name, help, type, value }: Metric, labels = ""): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${name}${labels} ${valueText(value)}\n`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function valueText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

/** Returns the metrics of the process, by their standard names. */
function processMetrics(): Metric[] {
  const { rss, heapUsed } = Deno.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    {
      name: "process_cpu_seconds_total",
      help: "User and system CPU time spent in seconds",
      type: "counter",
      value: (user + system) / MICROSECONDS,
    },
    {
      name: "process_resident_memory_bytes",
      help: "Resident memory size in bytes",
      type: "gauge",
      value: rss,
    },
    { name: "process_heap_bytes", help: "Process heap size in bytes", type: "gauge", value: heapUsed },
    {
      name: "process_start_time_seconds",
      help: "Start time of the process since unix epoch in seconds",
      type: "gauge",
      value: startedAt,
    },
  ];
}
