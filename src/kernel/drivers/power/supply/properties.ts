// Properties of power supplies: file names and the words for their values. Source: include/linux/power_supply.h,
// Documentation/ABI/testing/sysfs-class-power.

/** By enum power_supply_property; also the file names. */
export const propertyNames: readonly string[] = `status charge_type health present online authentic technology cycle_count voltage_max
  voltage_min voltage_max_design voltage_min_design voltage_now voltage_avg voltage_ocv voltage_boot current_max current_now current_avg
  current_boot power_now power_avg charge_full_design charge_empty_design charge_full charge_empty charge_now charge_avg charge_counter
  constant_charge_current constant_charge_current_max constant_charge_voltage constant_charge_voltage_max charge_control_limit
  charge_control_limit_max charge_control_start_threshold charge_control_end_threshold charge_behaviour input_current_limit
  input_voltage_limit input_power_limit energy_full_design energy_empty_design energy_full energy_empty energy_now energy_avg capacity
  capacity_alert_min capacity_alert_max capacity_error_margin capacity_level temp temp_max temp_min temp_alert_min temp_alert_max
  temp_ambient temp_ambient_alert_min temp_ambient_alert_max time_to_empty_now time_to_empty_avg time_to_full_now time_to_full_avg type
  usb_type scope precharge_current charge_term_current calibrate manufacture_year manufacture_month manufacture_day model_name
  manufacturer serial_number`.split(/\s+/);
export const PROP = {
  online: propertyNames.indexOf('online'),
  usbType: propertyNames.indexOf('usb_type'),
  /** From here on values are strings. */
  modelName: propertyNames.indexOf('model_name'),
} as const;

export const supplyTypes = 'Unknown Battery UPS Mains USB USB_DCP USB_CDP USB_ACA USB_C USB_PD USB_PD_DRP BrickID Wireless'.split(' ');
const list = (text: string): string[] => text.split(', ');
/** Words for the values of properties that are enumerations. */
export const valueNames: Readonly<Record<string, readonly string[]>> = {
  status: list('Unknown, Charging, Discharging, Not charging, Full'),
  charge_type: list('Unknown, N/A, Trickle, Fast, Standard, Adaptive, Custom, Long Life, Bypass'),
  health: list(
    'Unknown, Good, Overheat, Dead, Over voltage, Unspecified failure, Cold, Watchdog timer expire, Safety timer expire, Over current, Calibration required, Warm, Cool, Hot, No battery',
  ),
  technology: list('Unknown, NiMH, Li-ion, Li-poly, LiFe, NiCd, LiMn'),
  capacity_level: list('Unknown, Critical, Low, Normal, High, Full'),
  type: supplyTypes,
  usb_type: list('Unknown, SDP, DCP, CDP, ACA, C, PD, PD_DRP, PD_PPS, BrickID'),
  scope: list('Unknown, System, Device'),
  charge_behaviour: list('auto, inhibit-charge, force-discharge'),
};
