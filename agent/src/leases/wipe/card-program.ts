/** Of each vendor's driver, in the order in which they are tried; paths may hold `*`. */
export const LIBRARIES: Readonly<Record<'nvidia' | 'amd', readonly string[]>> = { nvidia: ['libcuda.so.1', '/usr/local/nvidia/lib64/libcuda.so.1'], amd: ['libamdhip64.so', 'libamdhip64.so.7', 'libamdhip64.so.6', 'libamdhip64.so.5', '/opt/rocm*/lib/libamdhip64.so*'] };

/**
 * Python, since a driver's library speaks C and an agent has no compiler: `plant VENDOR CARD SECONDS LIBRARY...` writes a pattern over the card's free memory and gives
 * the memory back uncleared; `look` and the same words reads what is free, counts the pattern and fills it with zeros. The pattern comes of a secret on standard input,
 * so that no list of processes has it. Prints one line of JSON: `free`, `done` (written or read), `found` and `filled` in bytes, `late` when time was over
 * before the end, `why` it did not get further.
 *
 * NVIDIA's from the CUDA Driver API's documentation (13: "Memory Management", "Primary Context Management", "Device Management"): of cuMemAlloc it says
 * that the memory is not cleared. Cards and slices are named by their UUIDs in CUDA_VISIBLE_DEVICES (CUDA Programming Guide 13.4, "CUDA Environment
 * Variables"; MIG User Guide). AMD's from the HIP runtime API's reference (ROCm 6.2 to 7.14: "Initialization and Version", "Device Management",
 * "Memory Management") and hip_runtime_api.h; the one card that it may see is named by its unique id, `-` for none, and is the only one whose device
 * node is there. NVIDIA's was tried on an H200 (driver 580.159), AMD's with stand-ins alone.
 */
export const CARD_PROGRAM = String.raw`
import ctypes, glob, hashlib, json, os, signal, sys, time

MIB = 1 << 20
# Larger ones make some drivers clear for longer than they allow themselves.
LARGEST = 1024 * MIB
PIECE = 16 * MIB
PLACES = 64
CALLS = {
    'nvidia': {'init': 'cuInit', 'count': 'cuDeviceGetCount', 'attribute': 'cuDeviceGetAttribute', 'info': 'cuMemGetInfo_v2', 'take': 'cuMemAlloc_v2', 'give': 'cuMemFree_v2',
               'to': 'cuMemcpyHtoD_v2', 'from': 'cuMemcpyDtoH_v2', 'wait': 'cuCtxSynchronize', 'fill': 'cuMemsetD8_v2', 'integrated': 18},
    'amd': {'init': 'hipInit', 'count': 'hipGetDeviceCount', 'attribute': 'hipDeviceGetAttribute', 'info': 'hipMemGetInfo', 'take': 'hipMalloc', 'give': 'hipFree',
            'to': 'hipMemcpyHtoD', 'from': 'hipMemcpyDtoH', 'wait': 'hipDeviceSynchronize', 'fill': 'hipMemset', 'integrated': 16},
}
# Counts units of 32 bytes that are the pattern, on the card itself: it reads its memory a thousand times faster than it can hand it over. Compiled by the driver.
COUNT = b'''
.version 6.0
.target sm_50
.address_size 64
.visible .entry count(.param .u64 at, .param .u64 units, .param .u64 first, .param .u64 second, .param .u64 third, .param .u64 fourth, .param .u64 into)
{
  .reg .pred %p<4>;
  .reg .b32 %r<5>;
  .reg .b64 %d<20>;
  ld.param.u64 %d1, [at];
  ld.param.u64 %d2, [units];
  ld.param.u64 %d3, [first];
  ld.param.u64 %d4, [second];
  ld.param.u64 %d5, [third];
  ld.param.u64 %d6, [fourth];
  ld.param.u64 %d7, [into];
  cvta.to.global.u64 %d1, %d1;
  cvta.to.global.u64 %d7, %d7;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mov.u32 %r4, %nctaid.x;
  mul.wide.u32 %d8, %r1, %r2;
  cvt.u64.u32 %d9, %r3;
  add.u64 %d8, %d8, %d9;
  mul.wide.u32 %d9, %r4, %r2;
  mov.u64 %d10, 0;
each:
  setp.ge.u64 %p1, %d8, %d2;
  @%p1 bra counted;
  shl.b64 %d11, %d8, 5;
  add.u64 %d11, %d1, %d11;
  ld.global.v2.u64 {%d12, %d13}, [%d11];
  ld.global.v2.u64 {%d14, %d15}, [%d11+16];
  xor.b64 %d12, %d12, %d3;
  xor.b64 %d13, %d13, %d4;
  xor.b64 %d14, %d14, %d5;
  xor.b64 %d15, %d15, %d6;
  or.b64 %d12, %d12, %d13;
  or.b64 %d14, %d14, %d15;
  or.b64 %d12, %d12, %d14;
  setp.ne.u64 %p2, %d12, 0;
  @%p2 bra next;
  add.u64 %d10, %d10, 1;
next:
  add.u64 %d8, %d8, %d9;
  bra each;
counted:
  setp.eq.u64 %p3, %d10, 0;
  @%p3 bra done;
  atom.global.add.u64 %d16, [%d7], %d10;
done:
  ret;
}
'''

verb, vendor, card, seconds, libraries = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:]
calls = CALLS[vendor]
over = time.monotonic() + seconds
# A driver that hangs holds up nobody.
signal.alarm(seconds + 2)
word = hashlib.sha256(b'memory of a card ' + sys.stdin.buffer.read()).digest()
said = {'free': 0, 'done': 0, 'found': 0, 'filled': 0, 'late': False, 'why': None}


class NotDone(Exception):
    pass


def function_of(name):
    return getattr(library, calls.get(name, name), None)


def ask(name, *words):
    function = function_of(name)
    if function is None:
        raise NotDone('the driver has no ' + calls.get(name, name))
    answer = function(*words)
    if answer != 0:
        raise NotDone('%s answered %d' % (calls.get(name, name), answer))


def number(name, kind, *words):
    value = kind()
    ask(name, ctypes.byref(value), *words)
    return value.value


def is_late():
    said['late'] = said['late'] or time.monotonic() >= over
    return said['late']


def load():
    for name in [found for word in libraries for found in (sorted(glob.glob(word), reverse=True) if '*' in word else [word])]:
        try:
            return ctypes.CDLL(name)
        except OSError:
            pass
    raise NotDone(libraries[0] + ' is not there')


def open_card():
    if number('count', ctypes.c_int) != 1:
        raise NotDone('the driver shows another number of cards than one')
    device = 0
    if vendor == 'nvidia':
        device = number('cuDeviceGet', ctypes.c_int, 0)
    else:
        name = (ctypes.c_char * 16)()
        ask('hipDeviceGetUuid', name, device)
        if card != '-' and name.raw.decode('latin-1').strip('\0').lower().lstrip('0') != card:
            raise NotDone('the driver shows another card')
    if number('attribute', ctypes.c_int, calls['integrated'], device) != 0:
        raise NotDone('it has no memory of its own')
    if vendor == 'nvidia':
        ask('cuCtxSetCurrent', ctypes.c_void_p(number('cuDevicePrimaryCtxRetain', ctypes.c_void_p, device)))
    else:
        ask('hipSetDevice', device)
    total = ctypes.c_size_t()
    said['free'] = number('info', ctypes.c_size_t, ctypes.byref(total))


def blocks():
    """What is free, in falling sizes, until no more is to be had. Never more than was said to be free: it would be the machine's."""
    size, left = LARGEST, said['free']
    while size >= MIB and (verb == 'look' or not is_late()):
        place = ctypes.c_uint64()
        if size <= left and function_of('take')(ctypes.byref(place), ctypes.c_size_t(size)) == 0:
            left -= size
            yield place.value, size
        else:
            size //= 4


def plant():
    text = word * (MIB // len(word))
    step = max(1, said['free'] // MIB // PLACES) * MIB
    taken, begin, following = [], 0, 0
    for place, size in blocks():
        taken.append(place)
        while following < begin + size:
            ask('to', ctypes.c_uint64(place + following - begin), text, ctypes.c_size_t(MIB))
            said['done'] += MIB
            following += step
        begin += size
    ask('wait')
    for place in taken:
        ask('give', ctypes.c_uint64(place))


def counter():
    """How many bytes of a block are the pattern, counted by the card; None where its driver does not compile that, or what it compiled does not find what is there."""
    module, kernel, scratch = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint64()
    if vendor != 'nvidia' or any(function_of(name) is None for name in ('cuModuleLoadData', 'cuModuleGetFunction', 'cuLaunchKernel')):
        return None
    if library.cuModuleLoadData(ctypes.byref(module), COUNT) != 0 or library.cuModuleGetFunction(ctypes.byref(kernel), module, b'count') != 0:
        return None
    if function_of('take')(ctypes.byref(scratch), ctypes.c_size_t(MIB)) != 0:
        return None
    halves = [ctypes.c_uint64(int.from_bytes(word[at:at + 8], 'little')) for at in range(0, 32, 8)]

    def count(place, size):
        words = [ctypes.c_uint64(place), ctypes.c_uint64(size // 32)] + halves + [scratch]
        pointers = (ctypes.c_void_p * len(words))(*[ctypes.addressof(one) for one in words])
        total = ctypes.c_uint64(0)
        ask('to', scratch, ctypes.byref(total), ctypes.c_size_t(8))
        ask('cuLaunchKernel', kernel, 2048, 1, 1, 256, 1, 1, 0, None, pointers, None)
        ask('wait')
        ask('from', ctypes.byref(total), scratch, ctypes.c_size_t(8))
        return total.value * 32

    # It has to find three that are planted for it.
    ask('fill', ctypes.c_uint64(scratch.value), ctypes.c_ubyte(0), ctypes.c_size_t(MIB))
    for at in (32, MIB // 2, MIB - 32):
        ask('to', ctypes.c_uint64(scratch.value + at), word, ctypes.c_size_t(32))
    planted = count(scratch.value, MIB)
    ask('fill', ctypes.c_uint64(scratch.value), ctypes.c_ubyte(0), ctypes.c_size_t(MIB))
    return count if planted == 96 and count(scratch.value, MIB) == 0 else None


def copier():
    """The same by copies, for what no driver here compiles."""
    piece = bytearray(PIECE)
    into = (ctypes.c_char * PIECE).from_buffer(piece)

    def count(place, size):
        ask('from', into, ctypes.c_uint64(place), ctypes.c_size_t(size))
        return piece.count(word, 0, size) * len(word)

    return count


def look():
    on_card = counter()
    count = on_card or copier()
    for place, size in blocks():
        step = size if on_card else PIECE
        for at in range(0, size, step):
            if is_late():
                break
            some = min(step, size - at)
            said['found'] += count(place + at, some)
            said['done'] += some
        # Also what there was no time to read: nobody gets it as it was.
        if function_of('fill') is not None and function_of('fill')(ctypes.c_uint64(place), ctypes.c_ubyte(0), ctypes.c_size_t(size)) == 0:
            said['filled'] += size
    ask('wait')


try:
    if vendor == 'nvidia':
        os.environ['CUDA_VISIBLE_DEVICES'] = card
    os.environ['CUDA_CACHE_DISABLE'] = '1'
    os.environ['AMD_COMGR_CACHE'] = '0'
    library = load()
    ask('init', 0)
    open_card()
    {'plant': plant, 'look': look}[verb]()
except NotDone as reason:
    said['why'] = str(reason)
except Exception as reason:
    said['why'] = type(reason).__name__
print(json.dumps(said))
`;
