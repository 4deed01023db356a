"""A page on which photographs are filled, and REST: python app.py, then http://127.0.0.1:7860

Open a picture, paint over what is to go or load a mask, and download the completed picture: every known pixel
is as it was. POST /inpaint does the same for programs:

    curl -F image=@photo.jpg -F mask=@mask.png http://127.0.0.1:7860/inpaint -o filled.png

Only this machine is answered, unless --host says otherwise. Nothing is sent to any other, and uploads are
deleted. Exit status: 0 done, 2 the command was refused, 128 + its number for a signal that stopped it.
"""

import argparse
import re
import socket
import tempfile

from inpainting.command_line import Parser, run_program
from inpainting.errors import InputError


def parse(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("--port", type=port, default=7860, metavar="N", help="default: 7860; 0: any free one")
    host_help = "the address to listen on; default: 127.0.0.1, this machine alone; 0.0.0.0: all that reach it"
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help=host_help)
    model_help = "what fills where a client names none: as inpaint.py's; default: the best that is published"
    parser.add_argument("--model", metavar="NAME", help=model_help)
    return parser.parse_args(argv)


def port(text):
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, a whole number from 0 to 65535")
    return int(text)


def listening(host, port):
    """A socket that listens. InputError where it cannot."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(
            f"cannot listen on {host}, port {port} ({error.strerror}): choose others by --host and --port"
        ) from error


def main(argv):
    arguments = parse(argv)
    with listening(arguments.host, arguments.port) as server:
        from inpainting.web.models import Models

        models = Models(arguments.model)
        models.warm()
        import uvicorn

        from inpainting.web.server import application

        with tempfile.TemporaryDirectory(prefix="inpainting-") as folder:
            tempfile.tempdir = folder  # where uploads that break off lie too
            config = uvicorn.Config(application(models, folder), log_level="warning", access_log=False)
            host, number = server.getsockname()[:2]
            print(f"http://{f'[{host}]' if ':' in host else host}:{number}   Ctrl-C ends it", flush=True)
            uvicorn.Server(config).run(sockets=[server])
    return 0


if __name__ == "__main__":
    run_program(main)
