import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process has used of the machine so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

const ticksPerSecond = 100;

/** Of this process. */
export function ownUsage(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMb: maxRSS / 1024 };
}

/** Of the private servers of a home, from `/proc`. */
export function serverUsage(home: string): Record<string, Usage> {
  return Object.fromEntries(
    ['rabbitmq', 'redis', 'mongodb'].map((name) => {
      const file = join(home, 'servers', name, 'server.pid');
      return [name, usageOf(Number(readFileSync(file, 'utf8').split('\n')[0]))];
    }),
  );
}

function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    peakMb: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  };
}

/** Of any process, with what it holds now; undefined where it has ended. */
export function processUsage(pid: number): (Usage & { readonly nowMb: number }) | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const nowMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    return { ...usageOf(pid), nowMb };
  } catch {
    return undefined;
  }
}
