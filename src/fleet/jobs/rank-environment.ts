/** Where ranks meet by default, as torchrun has it. Each lease has a network of its own, so it is free in all of them. */
const MASTER_PORT = '29500';
/** The interface inside a lease that has its rank's address. */
const INTERFACE = 'ranks0';

/**
 * What a program on several machines is told of them, under the names that launchers read. One process on each machine is what RANK and WORLD_SIZE count; a launcher
 * that starts more sets its own for them. `PET_` is what torchrun takes for its options (torch/distributed/argparse_util.py); of the two of
 * interfaces NCCL's takes a prefix unless an equals sign says that it is the whole name (NCCL's guide, "Environment Variables"), Gloo's is a name (PyTorch, "Distributed
 * communication package"). torchrun and Gloo of PyTorch 1.13 were tried on processors; NCCL's is from documentation.
 */
export function rankEnvironment(rank: number, size: number): Record<string, string> {
  const [at, of] = [String(rank), String(size)];
  return {
    NODE_RANK: at, NNODES: of, RANK: at, WORLD_SIZE: of, MASTER_ADDR: 'rank-0', MASTER_PORT,
    PET_NODE_RANK: at, PET_NNODES: of, PET_MASTER_ADDR: 'rank-0', PET_MASTER_PORT: MASTER_PORT,
    NCCL_SOCKET_IFNAME: `=${INTERFACE}`, GLOO_SOCKET_IFNAME: INTERFACE,
  };
}
