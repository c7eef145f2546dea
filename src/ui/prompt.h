/* SPDX-License-Identifier: ISC */
/**
 * @file prompt.h
 * A question at the bottom of the screen: a state like any other, so probing
 * and drawing go on while it is open.
 */
#ifndef HT_UI_PROMPT_H
#define HT_UI_PROMPT_H

#include "ui/keys.h"

struct ui;

#define UI_PROMPT_MAX 48

struct ui_prompt {
	enum ui_action what;      /**< the question; NONE: closed */
	char text[UI_PROMPT_MAX]; /**< ASCII, typed so far */
	bool is_fresh;            /**< text is the old value: typing replaces it */
	char error[120];          /**< what was wrong with the text, "" if nothing */
};

/** Ask; the present value stands there already. */
void ui_prompt_open(struct ui *ui, enum ui_action what);

/** Take in a key while open. */
void ui_prompt_key(struct ui *ui, int key, ht_time now);

/** The question without its value: "Interval in seconds". */
const char *ui_prompt_label(enum ui_action what);

#endif /* HT_UI_PROMPT_H */
