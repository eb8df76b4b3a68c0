// Names of the hwmon attributes by sensor type and number. Source: include/linux/hwmon.h, Documentation/hwmon/sysfs-interface.rst.

/** One type of sensor. `first`: the number of channel 0 in file names; `names`: by attribute number, '' for none. */
interface SensorType {
  readonly prefix: string;
  readonly first: 0 | 1;
  readonly names: readonly string[];
}
const words = (text: string): string[] => text.split(/\s+/);
const VOLTAGE = words(`enable input min max lcrit crit average lowest highest reset_history label alarm min_alarm max_alarm lcrit_alarm
  crit_alarm rated_min rated_max`);

/** By enum hwmon_sensor_types. */
export const sensorTypes: readonly SensorType[] = [
  {
    prefix: '',
    first: 0,
    names: [
      'temp_reset_history',
      'in_reset_history',
      'curr_reset_history',
      'power_reset_history',
      // hwmon_chip_register_tz asks for a thermal zone: it is no file.
      '',
      'update_interval',
      'alarms',
      'samples',
      'curr_samples',
      'in_samples',
      'power_samples',
      'temp_samples',
    ],
  },
  {
    prefix: 'temp',
    first: 1,
    names: words(`enable input type lcrit lcrit_hyst min min_hyst max max_hyst crit crit_hyst emergency emergency_hyst alarm lcrit_alarm
      min_alarm max_alarm crit_alarm emergency_alarm fault offset label lowest highest reset_history rated_min rated_max`),
  },
  { prefix: 'in', first: 0, names: VOLTAGE },
  { prefix: 'curr', first: 1, names: VOLTAGE },
  {
    prefix: 'power',
    first: 1,
    names: words(`enable average average_interval average_interval_max average_interval_min average_highest average_lowest average_max
      average_min input input_highest input_lowest reset_history accuracy cap cap_hyst cap_max cap_min min max crit lcrit label alarm
      cap_alarm min_alarm max_alarm lcrit_alarm crit_alarm rated_min rated_max`),
  },
  { prefix: 'energy', first: 1, names: words('enable input label') },
  { prefix: 'humidity', first: 1, names: words('enable input label min min_hyst max max_hyst alarm fault rated_min rated_max') },
  { prefix: 'fan', first: 1, names: words('enable input label min max div pulses target alarm min_alarm max_alarm fault') },
  { prefix: 'pwm', first: 1, names: words('input enable mode freq auto_channels_temp') },
  { prefix: 'intrusion', first: 0, names: words('alarm beep') },
];
/** File name of an attribute; undefined when there is none of that number. */
export function attributeName(type: number, attribute: number, channel: number): string | undefined {
  const sensor = sensorTypes[type];
  const name = sensor?.names[attribute];
  if (sensor === undefined || name === undefined || name === '') return undefined;
  if (sensor.prefix === '') return name;
  const numbered = `${sensor.prefix}${channel + sensor.first}`;
  return sensor.prefix === 'pwm' && name === 'input' ? numbered : `${numbered}_${name}`;
}
/** Labels are read as strings, all else as numbers. */
export const isString = (type: number, attribute: number): boolean => sensorTypes[type]?.names[attribute] === 'label';
