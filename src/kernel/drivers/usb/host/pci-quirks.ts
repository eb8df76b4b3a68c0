// Flaws of USB host controllers' chipsets, which the kernel itself knows. Source: drivers/usb/host/pci-quirks.c.
import { absent, bool, int, type KernelApi, kernelApi, nothing, voidPtr } from '../../../api/index.ts';

const none = absent('no such chipset is there');

export const usbQuirksApi: KernelApi = kernelApi('drivers/usb/host/pci-quirks.c', {
  usb_hcd_amd_remote_wakeup_quirk: none({ pdev: voidPtr }, int, 0),
  usb_amd_hang_symptom_quirk: none({}, bool, false),
  usb_amd_prefetch_quirk: none({}, bool, false),
  usb_amd_quirk_pll_check: none({}, bool, false),
  usb_amd_quirk_pll_enable: none({}, nothing),
  usb_amd_quirk_pll_disable: none({}, nothing),
  usb_amd_pt_check_port: none({ device: voidPtr, port: int }, bool, false),
  sb800_prefetch: none({ dev: voidPtr, on: int }, nothing),
  usb_amd_dev_put: none({}, nothing),
  usb_asmedia_modifyflowcontrol: none({ pdev: voidPtr }, nothing),
  usb_enable_intel_xhci_ports: none({ xhci_pdev: voidPtr }, nothing),
  usb_disable_xhci_ports: none({ xhci_pdev: voidPtr }, nothing),
});
