// What ACPI's own code uses of the hardware. Source: drivers/acpi/osl.c.
import { int, type KernelApi, kernelApi, kfunc, partial, pointer, size_t, voidPtr } from '../../api/index.ts';

const NO_REGIONS = 'the operation regions of ACPI tables are not known: nothing conflicts';
export const acpiOslApi: KernelApi = kernelApi('drivers/acpi/osl.c', {
  acpi_check_resource_conflict: partial(
    NO_REGIONS,
    kfunc({ res: pointer('const struct resource *') }, int, () => 0),
  ),
  acpi_check_region: partial(
    NO_REGIONS,
    kfunc({ start: voidPtr, n: size_t, name: pointer('const char *') }, int, () => 0),
  ),
});
