/*
 * The first part of the portable file: what the kernel starts. Behind it in the same file stand the program and the Deno
 * runtime. It does what the kernel does for a program that is a file of its own: it maps the runtime, out of the middle of
 * this file, and the dynamic loader that the runtime names, and jumps to the loader. So nothing is unpacked or written. The
 * program alone, which the runtime wants to open by a path, is copied into a memfd: memory that has no name.
 *
 * From then on the process is the runtime, with the product's permissions and an environment of a few variables.
 *
 * Linux on x86-64 and ARM64, without any library: it would have to share the process with the runtime's. How it becomes
 * bytes: launcher.ts. How to check these: docs/VERIFY.md. Not in here: anything about Sesame itself.
 */

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>

/* Each list is one text of words that end in NUL: an array of pointers would need relocations. */

/* The permissions of the product, and nothing else: no question, no configuration, no cache, no code from anywhere. */
static const char RUN[] =
    "sesame\0run\0--quiet\0--no-prompt\0--no-config\0--no-lock\0--no-npm\0--no-remote\0--cached-only\0--no-code-cache\0"
    "--ext=js\0--allow-net\0--allow-ffi\0";

/* The runtime obeys many variables (DENO_V8_FLAGS, DENO_COVERAGE_DIR, OTEL_DENO ...), so few get through; of LD_PRELOAD
 * and LD_AUDIT Sesame has to know, to warn. */
static const char KEPT[] = "TERM\0COLORTERM\0NO_COLOR\0LANG\0LC_ALL\0LC_CTYPE\0TZ\0LD_PRELOAD\0LD_AUDIT\0";
/* Sesame refuses to start where this is set. The runtime would make the file that it names before it can. */
static const char LOGS_KEYS[] = "SSLKEYLOGFILE\0", LOGS_NOTHING[] = "SSLKEYLOGFILE=/dev/null";
/* No cache; no message on a terminal that there is none; no question to its maker's server. */
static const char ADDED[] = "DENO_DIR=/dev/null/none\0DENO_LOG=off\0DENO_NO_UPDATE_CHECK=1\0";

/* Where the parts stand is written at PLAN_AT by portable.ts: as text, so that people read the same as this does. */
enum { PLAN_AT = 61440, PLAN_SIZE = 128, ARGS_MAX = 256, KEPT_MAX = 16, AUX_MAX = 64, HEADERS_MAX = 32 };

typedef uintptr_t word;
typedef Elf64_Ehdr Header;
typedef Elf64_Phdr Segment;

/* --- the kernel --------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define MACHINE EM_X86_64
static long call6(long number, word a, word b, word c, word d, word e, word f) {
  register word r10 __asm__("r10") = d;
  register word r8 __asm__("r8") = e;
  register word r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call begin\n");
/* rdx: a function for the runtime to call at its end; there is none. */
#define JUMP(stack, to) __asm__ volatile("mov %0, %%rsp\n  xor %%edx, %%edx\n  jmp *%1" ::"r"(stack), "r"(to) : "memory")
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
static long call6(long number, word a, word b, word c, word d, word e, word f) {
  register word x8 __asm__("x8") = (word)number;
  register word x0 __asm__("x0") = a;
  register word x1 __asm__("x1") = b;
  register word x2 __asm__("x2") = c;
  register word x3 __asm__("x3") = d;
  register word x4 __asm__("x4") = e;
  register word x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return (long)x0;
}
__asm__(".globl _start\n_start:\n  mov x29, xzr\n  mov x30, xzr\n  mov x0, sp\n  b begin\n");
#define JUMP(stack, to) __asm__ volatile("mov sp, %0\n  mov x0, xzr\n  br %1" ::"r"(stack), "r"(to) : "memory")
#endif

#define CALL(name, a, b, c) call6(__NR_##name, (word)(a), (word)(b), (word)(c), 0, 0, 0)

static long open_file(const char *path) {
  return call6(__NR_openat, (word)AT_FDCWD, (word)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
}

static int read_at(long fd, void *into, size_t size, size_t at) {
  return call6(__NR_pread64, (word)fd, (word)into, size, at, 0, 0) == (long)size;
}

static word map(word at, size_t size, int prot, int flags, long fd, size_t from) {
  return (word)call6(__NR_mmap, at, size, (word)prot, (word)flags, (word)fd, from);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static size_t length(const char *text) {
  size_t n = 0;
  while (text[n] != 0) n++;
  return n;
}

/* Whether `variable`, as in the environment, has one of the names. */
static int named(const char *names, const char *variable) {
  for (; *names != 0; names += length(names) + 1) {
    size_t n = 0;
    while (names[n] != 0 && names[n] == variable[n]) n++;
    if (names[n] == 0 && variable[n] == '=') return 1;
  }
  return 0;
}

/* The number behind the next `=`; leaves `text` behind it. */
static size_t number(const char **text, const char *end) {
  size_t n = 0;
  while (*text < end && **text != '=') (*text)++;
  for ((*text)++; *text < end && **text >= '0' && **text <= '9'; (*text)++) n = n * 10 + (size_t)(**text - '0');
  return n;
}

/* What went wrong; what to do next. */
static _Noreturn void fail(const char *wrong, const char *next) {
  static const char doing[] = "Could not start Sesame. ";
  CALL(write, 2, doing, sizeof doing - 1);
  CALL(write, 2, wrong, length(wrong));
  CALL(write, 2, next, length(next));
  for (;;) CALL(exit_group, 1, 0, 0);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

struct loaded {
  word base; /* what is added to an address of the file */
  Header header;
  Segment segments[HEADERS_MAX];
};

/* Maps what the kernel would map of the program that begins at `from`, a multiple of every page size, at an address that
 * the kernel chooses. False: it is no such program, or memory is short. */
static int load(struct loaded *it, long fd, size_t from, word page) {
  if (!read_at(fd, &it->header, sizeof it->header, from)) return 0;
  const Header *h = &it->header;
  if (h->e_ident[EI_MAG0] != ELFMAG0 || h->e_ident[EI_MAG1] != ELFMAG1 || h->e_ident[EI_MAG2] != ELFMAG2 ||
      h->e_ident[EI_MAG3] != ELFMAG3 || h->e_type != ET_DYN || h->e_machine != MACHINE || h->e_phnum > HEADERS_MAX ||
      h->e_phentsize != sizeof(Segment) || !read_at(fd, it->segments, h->e_phnum * sizeof(Segment), from + h->e_phoff))
    return 0;
  word end = 0, align = page;
  for (int i = 0; i < h->e_phnum; i++) {
    const Segment *s = &it->segments[i];
    if (s->p_type != PT_LOAD) continue;
    if (s->p_vaddr + s->p_memsz > end) end = s->p_vaddr + s->p_memsz;
    if (s->p_align > align) align = s->p_align;
  }
  /* Room for all of it first; the parts then lie inside at their distances. */
  word room = map(0, end + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room > -(word)4096) return 0;
  it->base = (room + align - 1) & -align;
  for (int i = 0; i < h->e_phnum; i++) {
    const Segment *s = &it->segments[i];
    if (s->p_type != PT_LOAD) continue;
    int prot = s->p_flags & PF_R ? PROT_READ : 0;
    if (s->p_flags & PF_W) prot |= PROT_WRITE;
    if (s->p_flags & PF_X) prot |= PROT_EXEC;
    word in_page = s->p_vaddr & (page - 1);
    word at = it->base + s->p_vaddr - in_page;
    word in_file = it->base + s->p_vaddr + s->p_filesz;
    word in_memory = it->base + s->p_vaddr + s->p_memsz;
    if (s->p_filesz > 0 &&
        map(at, s->p_filesz + in_page, prot, MAP_PRIVATE | MAP_FIXED, fd, from + s->p_offset - in_page) != at)
      return 0;
    if (in_memory == in_file) continue;
    /* The file goes on where the segment's data ends: zeros to the end of that page, then pages of zeros. */
    word whole = (in_file + page - 1) & -page;
    for (word p = in_file; p < whole && s->p_filesz > 0; p++) *(volatile char *)p = 0;
    if (s->p_filesz == 0) whole = at;
    if (in_memory > whole && map(whole, in_memory - whole, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != whole)
      return 0;
  }
  return 1;
}

/* The program as the path of a descriptor. Its position stays at the end, so that nobody reads it there by mistake. */
static void program_path(char *path, long self, size_t from, size_t size) {
  long fd = CALL(memfd_create, "program", 0, 0);
  size_t left = size;
  while (fd >= 0 && left > 0) {
    long sent = call6(__NR_sendfile, (word)fd, (word)self, (word)&from, left, 0, 0);
    if (sent <= 0) break;
    left -= (size_t)sent;
  }
  if (fd < 0 || left > 0) fail("There is no memory for its program. ", "End other programs, then start it again.\n");
  char digits[20];
  int n = 0;
  do digits[n++] = (char)('0' + fd % 10);
  while ((fd /= 10) > 0);
  for (const char *p = "/proc/self/fd/"; *p != 0; p++) *path++ = *p;
  while (n > 0) *path++ = digits[--n];
  *path = 0;
}

/* `stack`: as the kernel makes it: how many arguments, these, 0, the environment, 0, the auxiliary vector. */
__attribute__((used)) _Noreturn void begin(word *stack) {
  size_t argc = stack[0];
  char **argv = (char **)&stack[1];
  char **environment = argv + argc + 1;
  size_t variables = 0;
  while (environment[variables] != 0) variables++;
  Elf64_auxv_t *aux = (Elf64_auxv_t *)&environment[variables + 1];
  word page = 4096;
  for (Elf64_auxv_t *a = aux; a->a_type != AT_NULL; a++)
    if (a->a_type == AT_PAGESZ) page = a->a_un.a_val;
  if (argc > ARGS_MAX) fail("There are too many arguments. ", "See its --help.\n");

  long self = open_file("/proc/self/exe");
  if (self < 0) fail("It cannot read its own file. ", "Mount /proc, and let yourself read the file.\n");
  static const char not_whole[] = "The file is not whole. ", download[] = "Download it again and check it by SHA256SUMS.\n";
  char plan[PLAN_SIZE];
  const char *text = plan, *plan_end = plan + PLAN_SIZE;
  if (!read_at(self, plan, PLAN_SIZE, PLAN_AT)) fail(not_whole, download);
  size_t program_at = number(&text, plan_end), program_size = number(&text, plan_end);
  size_t runtime_at = number(&text, plan_end), file_size = number(&text, plan_end);
  if (CALL(lseek, self, 0, SEEK_END) != (long)file_size) fail(not_whole, download);

  static const char no_room[] = "There is no room for its runtime. ", limit[] = "Look at ulimit -v and at free memory.\n";
  struct loaded runtime, loader;
  if (!load(&runtime, self, runtime_at, page)) fail(no_room, limit);
  const char *loader_path = 0;
  const void *headers = 0;
  for (int i = 0; i < runtime.header.e_phnum; i++) {
    if (runtime.segments[i].p_type == PT_INTERP) loader_path = (const char *)(runtime.base + runtime.segments[i].p_vaddr);
    if (runtime.segments[i].p_type == PT_PHDR) headers = (const void *)(runtime.base + runtime.segments[i].p_vaddr);
  }
  long file = open_file(loader_path);
  if (file < 0)
    fail("This machine has no GNU C library for it. ", "Run Sesame from its source with a Deno for this machine.\n");
  if (!load(&loader, file, 0, page)) fail(no_room, limit);
  CALL(close, file, 0, 0);

  /* The stack as the kernel would have made it, aligned as it has to be; texts stay where they are. What lies below it will
   * be overwritten, so the one text that is made here stands above it. */
  struct {
    word words[1 + 16 + ARGS_MAX + 1 + KEPT_MAX + 1 + 2 * AUX_MAX];
    char path[40];
  } made __attribute__((aligned(16)));
  program_path(made.path, self, program_at, program_size);
  CALL(close, self, 0, 0);
  word *put = &made.words[1];
  for (const char *p = RUN; *p != 0; p += length(p) + 1) *put++ = (word)p;
  *put++ = (word)made.path;
  for (size_t i = 1; i < argc; i++) *put++ = (word)argv[i];
  made.words[0] = (word)(put - &made.words[1]);
  *put++ = 0;
  for (const char *p = ADDED; *p != 0; p += length(p) + 1) *put++ = (word)p;
  for (size_t i = 0, kept = 3; i < variables && kept < KEPT_MAX; i++) {
    const char *variable = named(LOGS_KEYS, environment[i]) ? LOGS_NOTHING : environment[i];
    if (variable != LOGS_NOTHING && !named(KEPT, variable)) continue;
    *put++ = (word)variable;
    kept++;
  }
  *put++ = 0;
  for (size_t i = 0; i < AUX_MAX - 1 && aux[i].a_type != AT_NULL; i++) {
    word value = aux[i].a_un.a_val;
    switch (aux[i].a_type) {
      case AT_PHDR: value = (word)headers; break;
      case AT_PHENT: value = sizeof(Segment); break;
      case AT_PHNUM: value = runtime.header.e_phnum; break;
      case AT_BASE: value = loader.base; break;
      case AT_ENTRY: value = runtime.base + runtime.header.e_entry; break;
    }
    *put++ = aux[i].a_type;
    *put++ = value;
  }
  *put++ = AT_NULL;
  *put++ = 0;
  JUMP(made.words, loader.base + loader.header.e_entry);
  __builtin_unreachable();
}
