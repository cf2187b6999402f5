import { randomBytes } from 'node:crypto';

/**
 * The ids that we give to what we create in Asterisk: `<app>-<instance>-media-<16 hex digits>`,
 * `…-bridge-…` and `…-target-…`. They are ours before Asterisk knows them, so no event about them is a surprise, and
 * what an earlier run of the same instance left behind can be told from everybody else's.
 */
export interface ObjectIds {
  media(): string;
  bridge(): string;
  /** Somebody who is called for a caller. */
  target(): string;
  /** Somebody we call (`…-call-…`): their channel is treated like a caller's, and isn't swept like our other objects. */
  call(): string;
  /** True for an id that this instance (in this run or an earlier one) gave. */
  owns(id: string): boolean;
  /** True for an id that some instance of this app gave, this one or another. */
  ownedByApp(id: string): boolean;
}

export function objectIds(app: string, instance: string): ObjectIds {
  const prefix = `${app}-${instance}`;
  const name = (kind: string): string => `${prefix}-${kind}-${randomBytes(8).toString('hex')}`;
  // Anchored at both ends: instance `a` must not take the objects of instance `a-b` for its own.
  const own = new RegExp(`^${escaped(prefix)}-(media|bridge|target)-[0-9a-f]{16}$`);
  const app_ = new RegExp(`^${escaped(app)}-.+-(media|bridge|target)-[0-9a-f]{16}$`);
  return {
    media: () => name('media'),
    bridge: () => name('bridge'),
    target: () => name('target'),
    call: () => name('call'),
    owns: (id) => own.test(id),
    ownedByApp: (id) => app_.test(id),
  };
}

/** Whether an id of ours is of somebody who was called for a caller. */
export function isTarget(id: string): boolean {
  return /-target-[0-9a-f]{16}$/.test(id);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
