/* tokens.h: how many tokens of a language model a text takes at most.
 *
 * Models count by vocabularies of their own; this is a stated upper bound of the two that are published and most used,
 * o200k_base and cl100k_base (byte pair encodings): tests/e2e/test_tokens.py holds it against both, over windows of real
 * Rust and over our answers, and it was above both in each. It lies about 1.35 times above the real count of source. A text
 * made to exceed it (a word of letters that no language puts side by side) can. The rule, by runs of bytes:
 *
 *   a word, or its part between humps (`Tcp` `Stream`)   1 up to 2 letters; then 1 + (letters - 1) / 6; without a vowel, or in
 *                                                        capitals, one for two letters; behind a digit one a letter up to 4,
 *                                                        then 2 + letters / 4
 *   digits                                               one for three, and one more behind a word if there are 3 or more; one
 *                                                        each of 1 or 2 behind a word
 *   spaces, tabs                                         none for one before anything but a digit; else 1, and 1 more before a
 *                                                        digit if they are several
 *   line ends                                            1 a run
 *   marks                                                1 each; a half behind another mark that is no comma, `$` always 1
 *   bytes of other scripts                               1 each */
#ifndef PT_TOKENS_H
#define PT_TOKENS_H

#include "base/base.h"

u32 pt_tokens_bound(const char *text, size_t length);

#endif
