# Python runs this before moto_server, which lists a folder of 180 names for each
# request, and asks of each name whether it is a folder. That takes a third of the time
# of a request. The names do not change.
import moto.backends

names = frozenset(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: names
