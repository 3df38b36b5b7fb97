document.title = "Doorstep";
