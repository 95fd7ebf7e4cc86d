import { mondayStart } from '../model/week.ts';
import type { ZoneRules } from '../pipelines/delivery/orders.ts';

/** What the platform's copy of the zone database says; a newer Node brings a newer one. */
export const platformZoneRules: ZoneRules = { version: process.versions['tz'] ?? '', mondayStart };
