"""Files of a trained network for servers and phones, each checked against Keras before it is put in place."""
