"""Makes the Python that runs this the one of the environment it lies in, then does what Python was asked to do.

Made by dgmo. A tool that starts `sys.executable` comes by here, so that what it starts finds what the tool finds.
"""


def read(arguments):
    """Tells flags from what is run, as Python does: how, what, and what that is given."""
    flags = []
    at = 0
    while at < len(arguments):
        argument = arguments[at]
        if argument in ("-", "--") or not argument.startswith("-"):
            break
        at += 1
        if argument.startswith("--"):
            flags.append(argument)
            if argument == "--check-hash-based-pycs":
                flags += arguments[at : at + 1]
                at += 1
            continue
        for place, letter in enumerate(argument[1:], 2):
            if letter not in "cmWX":
                flags.append("-" + letter)
                continue
            value = [argument[place:]]
            if not argument[place:]:
                value = arguments[at : at + 1]
                at += 1
            if letter in "cm":
                return flags, "-" + letter, value, arguments[at:]
            flags += ["-" + letter] + value
            break
    if arguments[at : at + 1] == ["--"]:
        at += 1
    is_file = arguments[at : at + 1] not in ([], ["-"])
    return flags, "--" if is_file else "-", arguments[at : at + 1], arguments[at + 1 :]


def become(environment):
    """Makes this Python that of the environment, as a virtual environment is one."""
    import os
    import site
    import sys

    minor = "%d.%d" % sys.version_info[:2]
    os.environ["DGMO_PYTHON"] = minor + ":" + sys.executable
    sys._base_executable = sys.executable
    sys.executable = environment + "/bin/python"
    sys.prefix = sys.exec_prefix = environment
    site.PREFIXES[:] = [environment]
    site.addsitedir(environment + "/lib/python" + minor + "/site-packages")
    site.setquit()
    site.sethelper()


def start():
    import os
    import sys

    here = os.path.abspath(__file__)
    flags, how, what, rest = read(sys.argv[1:])
    if how in ("-c", "-m") and not what:
        os.execv(sys.executable, [sys.executable, how])
    # Python has been given these, or would make nothing of them here. All others are its own business.
    others = [flag for flag in flags if flag not in ("-B", "-E", "-I", "-P", "-S", "-s")]
    alone = [flag for flag in flags if flag in ("-I", "-P")]
    if others:
        python = [sys.executable, "-I", "-S", "-B"] + others
        how = [how] if how != "-" else []
        os.execv(sys.executable, python + [here] + alone + how + what + rest)
    become(os.path.dirname(os.path.dirname(here)))

    names = vars(sys.modules["__main__"])
    for name in ("__cached__", "__file__", "become", "read", "start"):
        names.pop(name, None)
    names["__doc__"] = None
    sys.argv = [how] + rest
    if how == "--":
        sys.argv = what + rest
        if not what[0].endswith((".py", ".pyw")):
            # Python knows folders and archives, too.
            import runpy

            runpy.run_path(what[0], run_name="__main__")
            return
        alone or sys.path.insert(0, os.path.dirname(os.path.realpath(what[0])))
        try:
            with open(what[0], "rb") as file:
                source = file.read()
        except OSError as error:
            print("%s: can't open file %r: %s" % (sys.executable, what[0], error), file=sys.stderr)
            sys.exit(2)
        names["__file__"] = what[0]
        exec(compile(source, what[0], "exec"), names)
    elif how == "-m":
        import runpy

        alone or sys.path.insert(0, os.getcwd())
        runpy._run_module_as_main(what[0])
    else:
        alone or sys.path.insert(0, "")
        if how == "-c":
            exec(compile(what[0], "<string>", "exec"), names)
        elif sys.stdin.isatty():
            import code

            code.interact(local=names)
        else:
            sys.argv = (what or [""]) + rest
            exec(compile(sys.stdin.buffer.read(), "<stdin>", "exec"), names)


start()
