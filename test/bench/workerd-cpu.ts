/** What a workerd process has used, from /proc: processor time and memory that is its own. Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** Process ids of the workerd processes that this process started. */
export function workerdChildren(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = procFile(pid, 'stat')
      // `pid (comm) state ppid …`; comm may hold spaces, so split behind its closing parenthesis.
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
      return stat.includes('(workerd)') && Number(parent) === process.pid
    })
}

/**
 * Processor time of all its threads so far, in microseconds. The scheduler's own count has nanoseconds where
 * /proc/<pid>/stat has ticks of 10 ms.
 */
export function cpuMicroseconds(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(procFile(pid, `task/${thread}/schedstat`).split(' ')[0] ?? 0)
  }
  return nanoseconds / 1_000
}

/** Anonymous memory, shared pages counted in part (Pss_Anon), in KiB. */
export function anonymousMemoryKiB(pid: number): number {
  return Number(/^Pss_Anon:\s+(\d+) kB/m.exec(procFile(pid, 'smaps_rollup'))?.[1])
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    // Processes and threads end while /proc is being read; what has ended counts nothing.
    return ''
  }
}
