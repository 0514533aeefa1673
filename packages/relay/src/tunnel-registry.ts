import { SluiceError } from '@sluice/domain';
import type { Tunnel } from '@sluice/tunnel';

/**
 * Which gateways are connected to this control-plane node. A gateway may have several tunnels: the newest takes new streams, the older
 * ones drain.
 */
export class TunnelRegistry {
  /** Oldest first. */
  readonly #tunnels = new Map<string, Tunnel[]>();
  readonly #leaving = new WeakSet<Tunnel>();
  readonly #listeners = new Set<(gatewayId: string, online: boolean) => void>();

  /** Adds a tunnel that is ready, drains the gateway's older ones, and removes it when it ends. */
  add(gatewayId: string, tunnel: Tunnel): void {
    const older = this.#tunnels.get(gatewayId) ?? [];
    this.#tunnels.set(gatewayId, [...older, tunnel]);
    for (const one of older) void one.drain();
    void tunnel.finished.then(() => this.remove(gatewayId, tunnel));
    this.#tell(gatewayId);
  }

  /** Forgets a tunnel; its streams go on. Nothing happens when it is not known. */
  remove(gatewayId: string, tunnel: Tunnel): void {
    const known = this.#tunnels.get(gatewayId);
    if (known === undefined || !known.includes(tunnel)) return;
    const left = known.filter((one) => one !== tunnel);
    if (left.length === 0) this.#tunnels.delete(gatewayId);
    else this.#tunnels.set(gatewayId, left);
    this.#tell(gatewayId);
  }

  /** A tunnel whose gateway is about to stop gets nothing new; its streams and notices go on. */
  leave(tunnel: Tunnel): void {
    this.#leaving.add(tunnel);
  }

  /** The newest tunnel that takes streams, or null. */
  tunnelOf(gatewayId: string): Tunnel | null {
    return (
      this.#tunnels
        .get(gatewayId)
        ?.findLast((tunnel) => !tunnel.ended && !tunnel.draining && !this.#leaving.has(tunnel)) ?? null
    );
  }

  /** Every tunnel of a gateway, oldest first, drained ones too. */
  tunnelsOf(gatewayId: string): readonly Tunnel[] {
    return this.#tunnels.get(gatewayId) ?? [];
  }

  online(): string[] {
    return [...this.#tunnels.keys()].filter((gatewayId) => this.tunnelOf(gatewayId) !== null);
  }

  /** Told after every tunnel that came or went. Returns a function that unsubscribes. */
  onChange(listener: (gatewayId: string, online: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends a notice to a gateway; false when it is not connected or its tunnel takes nothing more. */
  notify(gatewayId: string, notice: unknown): boolean {
    try {
      const tunnel = this.tunnelOf(gatewayId);
      tunnel?.sendNotice(notice);
      return tunnel !== null;
    } catch (error) {
      if (error instanceof SluiceError) return false;
      throw error;
    }
  }

  #tell(gatewayId: string): void {
    const online = this.tunnelOf(gatewayId) !== null;
    for (const listener of this.#listeners) listener(gatewayId, online);
  }
}
