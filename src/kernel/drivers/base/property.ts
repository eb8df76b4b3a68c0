// What firmware says of a device: nothing. Source: drivers/base/property.c.
import { EINVAL, ENOENT } from '#abi';
import { absent, bool, int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, size_t, uint, voidPtr } from '../../api/index.ts';

const NULL = 0;
const DeviceNode = kernelStruct('device', { fwnode: voidPtr });
const none = absent('firmware describes no device');

export const propertyApi: KernelApi = kernelApi('drivers/base/property.c', {
  device_property_read_string: none({ dev: voidPtr, propname: voidPtr, val: voidPtr }, int, -EINVAL),
  device_property_read_string_array: none({ dev: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  device_property_read_u8_array: none({ dev: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  device_property_read_u16_array: none({ dev: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  device_property_read_u32_array: none({ dev: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  device_property_read_u64_array: none({ dev: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  device_property_present: none({ dev: voidPtr, propname: voidPtr }, bool, false),
  device_property_match_string: none({ dev: voidPtr, propname: voidPtr, string: voidPtr }, int, -EINVAL),
  device_get_match_data: none({ dev: voidPtr }, voidPtr, NULL),
  device_get_named_child_node: none({ dev: voidPtr, childname: voidPtr }, voidPtr, NULL),
  device_get_next_child_node: none({ dev: voidPtr, child: voidPtr }, voidPtr, NULL),
  fwnode_property_present: none({ fwnode: voidPtr, propname: voidPtr }, bool, false),
  fwnode_property_read_string: none({ fwnode: voidPtr, propname: voidPtr, val: voidPtr }, int, -EINVAL),
  fwnode_property_read_string_array: none({ fwnode: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  fwnode_property_read_u8_array: none({ fwnode: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  fwnode_property_read_u16_array: none({ fwnode: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  fwnode_property_read_u32_array: none({ fwnode: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  fwnode_property_read_u64_array: none({ fwnode: voidPtr, propname: voidPtr, val: voidPtr, nval: size_t }, int, -EINVAL),
  fwnode_property_match_string: none({ fwnode: voidPtr, propname: voidPtr, string: voidPtr }, int, -EINVAL),
  fwnode_property_get_reference_args: none(
    { fwnode: voidPtr, prop: voidPtr, nargs_prop: voidPtr, nargs: uint, index: uint, args: voidPtr },
    int,
    -ENOENT,
  ),
  fwnode_find_reference: none({ fwnode: voidPtr, name: voidPtr, index: uint }, voidPtr, -ENOENT),
  fwnode_get_parent: none({ fwnode: voidPtr }, voidPtr, NULL),
  fwnode_get_next_parent: none({ fwnode: voidPtr }, voidPtr, NULL),
  fwnode_get_named_child_node: none({ fwnode: voidPtr, childname: voidPtr }, voidPtr, NULL),
  fwnode_get_next_child_node: none({ fwnode: voidPtr, child: voidPtr }, voidPtr, NULL),
  fwnode_get_name: none({ fwnode: voidPtr }, voidPtr, NULL),
  fwnode_handle_put: none({ fwnode: voidPtr }, nothing),
  fwnode_graph_get_next_endpoint: none({ fwnode: voidPtr, prev: voidPtr }, voidPtr, NULL),
  fwnode_graph_get_port_parent: none({ endpoint: voidPtr }, voidPtr, NULL),
  fwnode_graph_get_remote_endpoint: none({ fwnode: voidPtr }, voidPtr, NULL),
  fwnode_graph_get_remote_port_parent: none({ fwnode: voidPtr }, voidPtr, NULL),
  fwnode_graph_parse_endpoint: none({ fwnode: voidPtr, endpoint: voidPtr }, int, -EINVAL),
  fwnode_connection_find_match: none({ fwnode: voidPtr, con_id: voidPtr, data: voidPtr, match: voidPtr }, voidPtr, NULL),
  fwnode_connection_find_matches: none(
    { fwnode: voidPtr, con_id: voidPtr, data: voidPtr, match: voidPtr, matches: voidPtr, matches_len: uint },
    int,
    -EINVAL,
  ),
  fwnode_irq_get: none({ fwnode: voidPtr, index: uint }, int, -EINVAL),
  fwnode_irq_get_byname: none({ fwnode: voidPtr, name: voidPtr }, int, -EINVAL),
  fwnode_device_is_available: none({ fwnode: voidPtr }, bool, false),
  __dev_fwnode: kfunc({ dev: voidPtr }, voidPtr, (k, { dev }) => k.view(DeviceNode, dev).fwnode),
  set_primary_fwnode: kfunc({ dev: voidPtr, fwnode: voidPtr }, nothing, (k, { dev, fwnode }) => {
    k.view(DeviceNode, dev).fwnode = fwnode;
  }),
  device_set_node: kfunc({ dev: voidPtr, fwnode: voidPtr }, nothing, (k, { dev, fwnode }) => {
    k.view(DeviceNode, dev).fwnode = fwnode;
  }),
  /** Nothing is described by a device tree. */
  device_set_of_node_from_dev: none({ dev: voidPtr, dev2: voidPtr }, nothing),
  device_get_child_node_count: none({ dev: voidPtr }, uint, 0),
  device_match_fwnode: kfunc({ dev: voidPtr, fwnode: voidPtr }, int, (k, { dev, fwnode }) =>
    k.view(DeviceNode, dev).fwnode === fwnode ? 1 : 0,
  ),
  fwnode_handle_get: kfunc({ fwnode: voidPtr }, voidPtr, (_, { fwnode }) => fwnode),
});
