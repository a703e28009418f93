"""Start gunicorn as the site does, with our clock."""

from benchmarks.instructions.clock import clock

if __name__ == "__main__":
    clock.install()

    from gunicorn.app.wsgiapp import run

    run()
