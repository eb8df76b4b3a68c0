// The properties of power supplies and the words for their values. Source: include/linux/power_supply.h,
// Documentation/ABI/testing/sysfs-class-power. Their numbers come from the kernel's own BTF.
import type { Kernel } from '../../../kernel.ts';

const PREFIX = 'POWER_SUPPLY_PROP_';
/** Words by value. */
export const words: Readonly<Record<string, readonly string[]>> = {
  status: ['Unknown', 'Charging', 'Discharging', 'Not charging', 'Full'],
  charge_type: ['Unknown', 'N/A', 'Trickle', 'Fast', 'Standard', 'Adaptive', 'Custom', 'Long Life', 'Bypass'],
  health: [
    'Unknown',
    'Good',
    'Overheat',
    'Dead',
    'Over voltage',
    'Unspecified failure',
    'Cold',
    'Watchdog timer expire',
    'Safety timer expire',
    'Over current',
    'Calibration required',
    'Warm',
    'Cool',
    'Hot',
    'No battery',
  ],
  technology: ['Unknown', 'NiMH', 'Li-ion', 'Li-poly', 'LiFe', 'NiCd', 'LiMn'],
  capacity_level: ['Unknown', 'Critical', 'Low', 'Normal', 'High', 'Full'],
  scope: ['Unknown', 'System', 'Device'],
  charge_behaviour: ['auto', 'inhibit-charge', 'force-discharge'],
  type: [
    'Unknown',
    'Battery',
    'UPS',
    'Mains',
    'USB',
    'USB_DCP',
    'USB_CDP',
    'USB_ACA',
    'USB_C',
    'USB_PD',
    'USB_PD_DRP',
    'BrickID',
    'Wireless',
  ],
  usb_type: ['Unknown', 'SDP', 'DCP', 'CDP', 'ACA', 'C', 'PD', 'PD_DRP', 'PD_PPS', 'BrickID'],
};
/** Properties whose value is a string. */
export const strings: ReadonlySet<string> = new Set(['model_name', 'manufacturer', 'serial_number']);

/** File names of the properties by number. */
export class Properties {
  readonly names: readonly string[];
  readonly type: number;
  readonly online: number;
  readonly scope: number;
  constructor(k: Kernel) {
    const values = k.description.btf.enumValues('power_supply_property') ?? new Map<string, number>();
    const names: string[] = [];
    for (const [name, value] of values) names[value] = name.slice(PREFIX.length).toLowerCase();
    this.names = names;
    this.type = names.indexOf('type');
    this.online = names.indexOf('online');
    this.scope = names.indexOf('scope');
  }
}
