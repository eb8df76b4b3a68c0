// Commands to the embedded controller of Chromebooks. Source: drivers/platform/chrome/cros_ec_proto.c.
import { EINVAL, EIO, EPROTO } from '#abi';
import {
  blocking,
  fnPtr,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  partial,
  type Sleeping,
  u16,
  u32,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';

const Device = kernelStruct('cros_ec_device', { proto_version: u16, cmd_xfer: fnPtr, pkt_xfer: fnPtr });
const Command = kernelStruct('cros_ec_command', { version: u32, command: u32, outsize: u32, insize: u32, result: u32 });
const NULL = 0;
const HEADER = 20;
const PACKETS_FROM = 2;
/** -errno by enum ec_status: invalid command, error, invalid parameter, access denied and so on. */
const ERRNO: Readonly<Record<number, number>> = {
  1: 95,
  2: EIO,
  3: EINVAL,
  4: 13,
  5: EPROTO,
  6: 92,
  7: EPROTO,
  8: 115,
  9: 61,
  10: 110,
  11: 75,
  12: EPROTO,
  13: EPROTO,
  14: EPROTO,
  15: 16,
};

function* transfer(k: Kernel, device: Addr, message: Addr): Sleeping<number> {
  const { proto_version: version, cmd_xfer, pkt_xfer } = k.view(Device, device);
  const fn = version > PACKETS_FROM ? pkt_xfer : cmd_xfer;
  if (fn === NULL) return -EIO;
  const result = yield* k.callInt(fn, device, message);
  if (result < 0) return result;
  const status = k.view(Command, message).result;
  return status === 0 ? result : -(ERRNO[status] ?? EPROTO);
}
const UNNEGOTIATED = 'the protocol is not negotiated first';

export const crosEcProtoApi: KernelApi = kernelApi('drivers/platform/chrome/cros_ec_proto.c', {
  cros_ec_cmd_xfer_status: partial(
    UNNEGOTIATED,
    blocking({ ec_dev: voidPtr, msg: voidPtr }, int, (k, { ec_dev, msg }) => transfer(k, ec_dev, msg)),
  ),
  cros_ec_cmd: partial(
    UNNEGOTIATED,
    blocking(
      { ec_dev: voidPtr, version: uint, command: int, outdata: voidPtr, outsize: uint, indata: voidPtr, insize: uint },
      int,
      function* (k, { ec_dev, version, command, outdata, outsize, indata, insize }) {
        const message = kzalloc(k, HEADER + Math.max(outsize, insize));
        Object.assign(k.view(Command, message), { version, command, outsize, insize });
        if (outsize > 0) k.memory.copy(message + HEADER, outdata, outsize);
        const result = yield* transfer(k, ec_dev, message);
        if (result >= 0 && insize > 0) k.memory.copy(indata, message + HEADER, insize);
        k.slab.free(message);
        return result;
      },
    ),
  ),
});
