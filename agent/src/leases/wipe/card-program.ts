/** Of each vendor's driver, in the order in which they are tried; paths may hold `*`. */
export const LIBRARIES: Readonly<Record<'nvidia' | 'amd', readonly string[]>> = { nvidia: ['libcuda.so.1', '/usr/local/nvidia/lib64/libcuda.so.1'], amd: ['libamdhip64.so', 'libamdhip64.so.7', 'libamdhip64.so.6', 'libamdhip64.so.5', '/opt/rocm*/lib/libamdhip64.so*'] };

/**
 * Python, since a driver's library speaks C and an agent has no compiler: `plant VENDOR CARD SECONDS LIBRARY...` writes a pattern over the card's free memory and gives
 * the memory back uncleared; `look` and the same words reads what is free and counts the pattern. The pattern comes of a secret on standard input,
 * so that no list of processes has it. Prints one line of JSON: `free`, `done` (written or read) and `found` in bytes, `late` when time was over
 * before the end, `why` it did not get further.
 *
 * NVIDIA's from the CUDA Driver API's documentation (13: "Memory Management", "Primary Context Management", "Device Management"): of cuMemAlloc it says
 * that the memory is not cleared. Cards and slices are named by their UUIDs in CUDA_VISIBLE_DEVICES (CUDA Programming Guide 13.4, "CUDA Environment
 * Variables"; MIG User Guide). AMD's from the HIP runtime API's reference (ROCm 6.2 to 7.14: "Initialization and Version", "Device Management",
 * "Memory Management") and hip_runtime_api.h; the one card that it may see is named by its unique id, `-` for none, and is the only one whose device
 * node is there. Tried with stand-ins alone: no card was at hand.
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
               'to': 'cuMemcpyHtoD_v2', 'from': 'cuMemcpyDtoH_v2', 'wait': 'cuCtxSynchronize', 'integrated': 18},
    'amd': {'init': 'hipInit', 'count': 'hipGetDeviceCount', 'attribute': 'hipDeviceGetAttribute', 'info': 'hipMemGetInfo', 'take': 'hipMalloc', 'give': 'hipFree',
            'to': 'hipMemcpyHtoD', 'from': 'hipMemcpyDtoH', 'wait': 'hipDeviceSynchronize', 'integrated': 16},
}

verb, vendor, card, seconds, libraries = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:]
calls = CALLS[vendor]
over = time.monotonic() + seconds
# A driver that hangs holds up nobody.
signal.alarm(seconds + 2)
word = hashlib.sha256(b'memory of a card ' + sys.stdin.buffer.read()).digest()
said = {'free': 0, 'done': 0, 'found': 0, 'late': False, 'why': None}


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
    while size >= MIB and not is_late():
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


def look():
    piece = bytearray(PIECE)
    into = (ctypes.c_char * PIECE).from_buffer(piece)
    for place, size in blocks():
        for at in range(0, size, PIECE):
            if is_late():
                return
            some = min(PIECE, size - at)
            ask('from', into, ctypes.c_uint64(place + at), ctypes.c_size_t(some))
            said['found'] += piece.count(word, 0, some) * len(word)
            said['done'] += some


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
