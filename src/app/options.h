/* SPDX-License-Identifier: ISC */
/**
 * @file options.h
 * The command line: one table, and a parser that is driven by it.
 *
 * The table is the master copy: parsing, range errors, --help and the check of
 * the manual read it.  Nothing here prints, exits or keeps state: what is to be
 * said goes into a buffer.
 */
#ifndef HT_APP_OPTIONS_H
#define HT_APP_OPTIONS_H

#include <hoptop/session.h>

#include "base/buf.h"

/** What the program ends with. */
enum app_exit {
	APP_EXIT_OK = 0,        /**< done; a report: the target was reached */
	APP_EXIT_UNREACHED = 1, /**< report: the target never answered */
	APP_EXIT_USAGE = 2,     /**< command line or configuration is wrong */
	APP_EXIT_RESOLVE = 3,   /**< a name has no address */
	APP_EXIT_SYSTEM = 4,    /**< permission, socket or file error */
	APP_EXIT_EXPECT = 5     /**< an expectation does not hold */
};

/** What the run shows. */
enum app_mode {
	APP_MODE_AUTO = 0,  /**< not asked for: dashboard on a terminal, else TEXT */
	APP_MODE_DASHBOARD, /**< -t */
	APP_MODE_TEXT,      /**< -r; this and all below are reports */
	APP_MODE_WIDE,      /**< -w */
	APP_MODE_JSON,      /**< -j */
	APP_MODE_CSV,       /**< -C */
	APP_MODE_RAW,       /**< -l */
	APP_MODE_XML,       /**< -x */
	APP_MODE_SPLIT,     /**< -p */
	APP_MODE_TRACE,     /**< --trace */
	APP_MODE_COUNT
};

enum app_color {
	APP_COLOR_AUTO = 0, /**< if the terminal has it and NO_COLOR is not set */
	APP_COLOR_ALWAYS,
	APP_COLOR_NEVER
};

enum app_transport {
	APP_TRANSPORT_AUTO = 0,
	APP_TRANSPORT_DGRAM,
	APP_TRANSPORT_RAW
};

/** Which names stand in the host column; the values of enum view_names. */
enum app_names {
	APP_NAMES_NAME = 0,
	APP_NAMES_ADDR, /**< -n */
	APP_NAMES_BOTH  /**< -b */
};

/** Bytes of the -o string, NUL included. */
#define APP_COLUMNS_MAX 64
/** Bytes of an interface name, NUL included; as the kernel's IFNAMSIZ. */
#define APP_INTERFACE_MAX 16
/** Bytes of "[address%zone]:port", NUL included. */
#define APP_SERVER_MAX 80

/** One host of the command line or of a target file. */
struct app_target {
	char host[HT_NAME_MAX]; /**< name or address, checked, without port */
	unsigned port;          /**< 0: as the settings say */
};

/** Everything that the command line says; after app_options_parse(). */
struct app_options {
	/**
	 * How to probe.  proto is HT_PROTO_NONE for auto.  cycles is 0 when -c
	 * was not given: the dashboard goes on, a report takes 10.  For --trace it
	 * is what -q says.
	 */
	struct ht_settings settings;
	enum app_transport transport;
	unsigned family; /**< 4, 6, or 0: as the resolver orders them */

	enum app_mode mode;  /**< AUTO: none was asked for */
	bool report_on_exit; /**< the dashboard prints a report at its end */
	bool is_compact;     /**< --compact */
	unsigned display;    /**< --displaymode, 0..2 */
	bool show_mpls;      /**< -e */
	unsigned paths_max;  /**< -E: addresses of a hop shown, 0: not given */
	bool is_ascii;       /**< --ascii */
	enum app_color color;
	char columns[APP_COLUMNS_MAX]; /**< -o, checked; "" for the default */

	bool resolve;                    /**< false for -n: no PTR look-ups */
	enum app_names names;            /**< ADDR for -n, even with -b */
	char dns_server[APP_SERVER_MAX]; /**< for names_new(), "" for the system's */

	char interface[APP_INTERFACE_MAX]; /**< -I, "" if none */
	struct ht_addr source;             /**< -a, family none if not given */
	uint32_t mark; /**< -M, 0 if none; with transport RAW only */

	bool is_dublin; /**< --dublin: UDP through raw sockets */
	bool is_demo;   /**< --demo */
	char *sim_file; /**< --sim, owned; NULL if not given */

	bool is_fast;       /**< interval below 1 s: routers may limit their answers */
	bool is_help;       /**< -h: print app_options_help(), exit 0 */
	bool is_version;    /**< -v: print version and features, exit 0 */
	unsigned n_targets; /**< entries of targets; may be 0 with --demo, --sim */
	struct app_target targets[HT_TARGETS_MAX];
};

/** What the parser may know of its surroundings. */
struct app_env {
	const char *mtr_options;    /**< MTR_OPTIONS or NULL; if run as "mtr" */
	const char *hoptop_options; /**< HOPTOP_OPTIONS or NULL */
	bool is_root;               /**< may probe faster than every 0.1 s */
};

/**
 * Parse the environment's options, then those of argv; later ones win.
 *
 * Reads the files of -F, opens nothing else.  Ends at -h and -v without
 * looking further.
 *
 * @param argv     argv[0] tells whether this is run as "mtr"; not changed
 * @param ret_opt  set on success, then give it back with app_options_done()
 * @param err      initialised; on failure whole lines for standard error
 * @return 0, or the status to exit with: APP_EXIT_USAGE, APP_EXIT_SYSTEM (a
 *         file of -F cannot be read, or memory is short)
 */
int app_options_parse(int argc, char *const *argv, const struct app_env *env,
    struct app_options *ret_opt, struct ht_buf *err);

/** Give back what the options own. */
void app_options_done(struct app_options *opt);

/** Write the text of --help, from the table. */
void app_options_help(struct ht_buf *out);

/** Name a mode: "auto", "dashboard", "text", "wide", "json", ...; never NULL. */
const char *app_mode_name(enum app_mode mode);

/** True for the modes that print a report and no dashboard. */
bool app_mode_is_report(enum app_mode mode);

/** Kind of an option's value. */
enum app_arg {
	APP_ARG_NONE = 0, /**< a flag */
	APP_ARG_NUMBER,   /**< whole number within min..max */
	APP_ARG_SECONDS,  /**< decimal seconds; min and max in ns */
	APP_ARG_CHOICE,   /**< one of the words of choices */
	APP_ARG_TEXT      /**< checked by the option itself */
};

/** Heading under which an option stands in the help. */
enum app_group {
	APP_GROUP_TARGET = 0,
	APP_GROUP_MODE,
	APP_GROUP_PROBE,
	APP_GROUP_NAMES,
	APP_GROUP_LOOK,
	APP_GROUP_OTHER,
	APP_GROUP_COUNT
};

struct app_parse; /* the parser's state; private to options.c */
struct app_value; /* a parsed value; private to options.c */

/** One option. */
struct app_option {
	char letter;      /**< short name, 0 if none */
	const char *name; /**< long name without dashes */
	enum app_arg arg; /**< kind of value */
	enum app_group group;
	bool is_mtr;         /**< mtr has it */
	const char *metavar; /**< of the value, NULL for a flag */
	const char *what;    /**< "a number of seconds": for errors; else NULL */
	const char *range;   /**< range in words; NULL: made from min and max */
	int64_t min;         /**< NUMBER, SECONDS (ns); a flag: the value it sets */
	int64_t max;
	const char *const *choices; /**< CHOICE: words, ends with NULL */
	const char *def;            /**< the default as one would type it, or NULL */
	const char *help;           /**< half a sentence, for the help */

	/** Store the value; NULL: known, but not yet in this version. */
	int (*set)(struct app_parse *ps, const struct app_value *v);
};

/** All options in the order of the help; ends with a NULL name. */
extern const struct app_option app_option_table[];

#endif /* HT_APP_OPTIONS_H */
