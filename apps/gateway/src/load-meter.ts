/** How much of one processor this process used since it was last asked. */
export class LoadMeter {
  #cpu = process.cpuUsage();
  #at = performance.now();

  /** Percent of one core, to a tenth. */
  percent(): number {
    const used = process.cpuUsage(this.#cpu);
    const now = performance.now();
    const percent = (used.user + used.system) / 10 / Math.max(now - this.#at, 1);
    this.#cpu = process.cpuUsage();
    this.#at = now;
    return Math.round(percent * 10) / 10;
  }
}
