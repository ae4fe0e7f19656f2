/**
 * Python, since a driver's library speaks C and an agent has no compiler: `plant CARD SECONDS` writes a pattern over the card's free memory and gives
 * the memory back uncleared; `look CARD SECONDS` reads what is free and counts the pattern. The pattern comes of a secret on standard input,
 * so that no list of processes has it. Prints one line of JSON: `free`, `done` (written or read) and `found` in bytes, `late` when time was over
 * before the end, `why` it did not get further.
 *
 * From the CUDA Driver API's documentation (13: "Memory Management", "Primary Context Management", "Device Management"), tried with a stand-in
 * alone: no card was at hand. Of cuMemAlloc it says that the memory is not cleared. Cards and slices are named by their UUIDs in
 * CUDA_VISIBLE_DEVICES (CUDA Programming Guide 13.4, "CUDA Environment Variables"; MIG User Guide).
 */
export const CARD_PROGRAM = String.raw`
import ctypes, hashlib, json, os, signal, sys, time

MIB = 1 << 20
# Larger ones make some drivers clear for longer than they allow themselves.
LARGEST = 1024 * MIB
PIECE = 16 * MIB
PLACES = 64
INTEGRATED = 18

verb, card, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
over = time.monotonic() + seconds
# A driver that hangs holds up nobody.
signal.alarm(seconds + 2)
word = hashlib.sha256(b'memory of a card ' + sys.stdin.buffer.read()).digest()
said = {'free': 0, 'done': 0, 'found': 0, 'late': False, 'why': None}


class NotDone(Exception):
    pass


def ask(name, *words):
    function = getattr(cuda, name, None)
    if function is None:
        raise NotDone('the driver has no ' + name)
    answer = function(*words)
    if answer != 0:
        raise NotDone('%s answered %d' % (name, answer))


def number(name, kind, *words):
    value = kind()
    ask(name, ctypes.byref(value), *words)
    return value.value


def is_late():
    said['late'] = said['late'] or time.monotonic() >= over
    return said['late']


def open_card():
    if number('cuDeviceGetCount', ctypes.c_int) != 1:
        raise NotDone('the driver shows another number of cards than one')
    device = number('cuDeviceGet', ctypes.c_int, 0)
    if number('cuDeviceGetAttribute', ctypes.c_int, INTEGRATED, device) != 0:
        raise NotDone('it has no memory of its own')
    ask('cuCtxSetCurrent', ctypes.c_void_p(number('cuDevicePrimaryCtxRetain', ctypes.c_void_p, device)))
    total = ctypes.c_size_t()
    said['free'] = number('cuMemGetInfo_v2', ctypes.c_size_t, ctypes.byref(total))


def blocks():
    """What is free, in falling sizes, until no more is to be had. Never more than was said to be free: it would be the machine's."""
    size, left = LARGEST, said['free']
    while size >= MIB and not is_late():
        place = ctypes.c_uint64()
        if size <= left and cuda.cuMemAlloc_v2(ctypes.byref(place), ctypes.c_size_t(size)) == 0:
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
            ask('cuMemcpyHtoD_v2', ctypes.c_uint64(place + following - begin), text, ctypes.c_size_t(MIB))
            said['done'] += MIB
            following += step
        begin += size
    ask('cuCtxSynchronize')
    for place in taken:
        ask('cuMemFree_v2', ctypes.c_uint64(place))


def look():
    piece = bytearray(PIECE)
    into = (ctypes.c_char * PIECE).from_buffer(piece)
    for place, size in blocks():
        for at in range(0, size, PIECE):
            if is_late():
                return
            some = min(PIECE, size - at)
            ask('cuMemcpyDtoH_v2', into, ctypes.c_uint64(place + at), ctypes.c_size_t(some))
            said['found'] += piece.count(word, 0, some) * len(word)
            said['done'] += some


try:
    os.environ['CUDA_VISIBLE_DEVICES'] = card
    os.environ['CUDA_CACHE_DISABLE'] = '1'
    try:
        cuda = ctypes.CDLL('libcuda.so.1')
    except OSError:
        raise NotDone('libcuda.so.1 is not there')
    ask('cuInit', 0)
    open_card()
    {'plant': plant, 'look': look}[verb]()
except NotDone as reason:
    said['why'] = str(reason)
except Exception as reason:
    said['why'] = type(reason).__name__
print(json.dumps(said))
`;
